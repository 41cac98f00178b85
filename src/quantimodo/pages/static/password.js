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
      made.textContent = shown ? "Hide" : "Show";
      made.setAttribute("aria-label", (shown ? "Hide" : "Show") + " password");
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
    var least = Number(input.dataset.least), advised = Number(input.dataset.advised);
    hint.className = "hint";
    hint.setAttribute("role", "status");
    input.parentNode.appendChild(hint);
    input.addEventListener("input", function () {
      var typed = Array.from(input.value).length, missing = least - typed;
      if (typed === 0) hint.textContent = "";
      else if (missing > 0) hint.textContent = missing + (missing === 1 ? " character" : " characters") + " more.";
      else if (typed < advised) hint.textContent = "Long enough. " + advised + " characters are better.";
      else hint.textContent = "Good length.";
    });
  }

  document.querySelectorAll('input[type="password"]').forEach(function (input) {
    button(input);
    if (input.dataset.least) length(input);
  });
})();
