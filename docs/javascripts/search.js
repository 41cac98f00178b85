// The theme's search adds a wildcard to each word: "a" finds every word that begins with it, and
// "keys" does not find "key". So words without a subject are left out of a query, and the others
// lose their ending, before the search receives it.
(() => {
  const QUERY = 2; // the theme's type of a message with a query
  const LEFT_OUT = new Set(
    ("a an and are as at be by can do does for from get how i if in into is it me my not of on or our the their this"
      + " to use we what when where which who why with you your").split(" "),
  );

  const stem = (word) => {
    const plain = word.replace(/['’]s$/, "");
    if (/["+\-*:~^]/.test(plain)) return plain;
    const short = plain.replace(/(?:ing|ed|es|(?<!s)s|e|y)$/, "");
    return short.length < 3 ? plain : short;
  };

  const shortened = (query) => {
    const words = query.split(/\s+/).filter(Boolean);
    const kept = words.filter((word) => !LEFT_OUT.has(word.toLowerCase()));
    return query.includes('"') || kept.length === 0 ? query : kept.map(stem).join(" ");
  };

  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    const isQuery = message?.type === QUERY && typeof message.data === "string";
    return post.call(this, isQuery ? { ...message, data: shortened(message.data) } : message, ...rest);
  };
})();
