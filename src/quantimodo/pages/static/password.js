// Password fields: a button that shows what was typed, and the length of a new password as it is
// typed. Every page works without this script. Nothing is sent: the server checks the strength.
(function () {
  "use strict";

  function button(input) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = "reveal";
    made.setAttribute("aria-controls", input.id);
    function show(shown) {
      input.type = shown ? "text" : "password";
      var words = (input.dataset.reveal || "Show|Show password|Hide|Hide password").split("|");
      made.textContent = words[shown ? 2 : 0];
      made.setAttribute("aria-label", words[shown ? 3 : 1]);
    }
    show(false);
    made.addEventListener("click", function () {
      show(input.type === "password");
      input.focus();
    });
    // A browser stores the value of a text field with other texts, and offers it on other pages.
    input.form.addEventListener("submit", function () {
      show(false);
    });
    window.addEventListener("pagehide", function () {
      show(false);
    });
    input.parentNode.appendChild(made);
  }

  function length(input) {
    var hint = document.createElement("p");
    var words = (input.dataset.length ||
      "1 character more.|# characters more.|Long enough. # characters are better.|Good length.").split("|");
    var least = Number(input.dataset.least), advised = Number(input.dataset.advised);
    hint.className = "hint";
    hint.setAttribute("role", "status");
    input.parentNode.appendChild(hint);
    input.addEventListener("input", function () {
      var typed = Array.from(input.value).length, missing = least - typed;
      if (typed === 0) hint.textContent = "";
      else if (missing > 0) hint.textContent = words[missing === 1 ? 0 : 1].replace("#", missing);
      else if (typed < advised) hint.textContent = words[2].replace("#", advised);
      else hint.textContent = words[3];
    });
  }

  document.querySelectorAll('input[type="password"]').forEach(function (input) {
    button(input);
    if (input.dataset.least) length(input);
  });
})();
