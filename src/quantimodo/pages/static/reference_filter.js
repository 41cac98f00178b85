// The API reference: shows only the entries that have every word of the search field, while it is
// typed in. Without this script, and on Enter, the server searches.
(function () {
  "use strict";

  function plain(text) {
    return text.normalize("NFKC").toLowerCase();
  }

  function watch(field) {
    var status = document.getElementById(field.getAttribute("data-filters") + "-found");
    var entries = Array.from(document.querySelectorAll("[data-entry]"));
    var texts = entries.map(function (entry) {
      return plain(entry.id + " " + entry.textContent);
    });

    function filter() {
      var words = plain(field.value).split(/\s+/).filter(Boolean);
      var found = 0;
      entries.forEach(function (entry, number) {
        var has = words.every(function (word) { return texts[number].includes(word); });
        entry.hidden = !has;
        found += has;
      });
      document.querySelectorAll("[data-fold]").forEach(function (fold) {
        var some = fold.querySelector("[data-entry]:not([hidden])");
        fold.hidden = !some;
        fold.open = words.length > 0 && Boolean(some);
      });
      document.querySelectorAll("[data-entries]").forEach(function (list) {
        list.hidden = !list.querySelector("[data-entry]:not([hidden])");
      });
      status.textContent = words.length
        ? found + " of " + entries.length + " shown. Enter searches in all texts."
        : "";
    }

    field.addEventListener("input", filter);
    if (field.value) filter();
  }

  document.querySelectorAll("[data-filters]").forEach(watch);
})();
