// The time zone of this browser for the profile of a new account. Without this script the profile
// has none until the person chooses one there. Nothing is sent but the form.
(function () {
  "use strict";

  var input = document.querySelector('input[name="zoneinfo"]');
  if (input && !input.value) {
    input.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  }
})();
