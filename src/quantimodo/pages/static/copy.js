// Copy buttons. An element with `data-copy` gets a button behind it; the words are those of its
// attribute, before and after the click. Without this script one click selects the whole text.
(function () {
  "use strict";

  function addButton(text) {
    var words = text.getAttribute("data-copy").split("|");
    var button = document.createElement("button");
    button.type = "button";
    button.className = "button short plain copying";
    button.setAttribute("aria-live", "polite");
    if (document.getElementById(text.id + "-name")) {
      button.setAttribute("aria-describedby", text.id + "-name");
    }
    button.textContent = words[0];
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(text.textContent).then(function () {
        button.textContent = words[1];
        setTimeout(function () { button.textContent = words[0]; }, 2000);
      });
    });
    var place = text.parentNode.nodeName === "PRE" ? text.parentNode : text;
    place.parentNode.insertBefore(button, place.nextSibling);
  }

  if (navigator.clipboard) document.querySelectorAll("[data-copy]").forEach(addButton);
})();
