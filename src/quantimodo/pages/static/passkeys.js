// Passkeys (Web Authentication). A form with `data-passkey` has the options of the server as JSON:
// `create` adds a passkey, `get` signs in by one. The response of the browser becomes the value of
// the field `credential`, and the form is sent as usual. Nothing is fetched.
(function () {
  "use strict";

  var waiting = null; // the request that offers passkeys in the field of the e-mail address

  function bytes(text) {
    var binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(binary, function (character) { return character.charCodeAt(0); });
  }

  function text(buffer) {
    var binary = "";
    new Uint8Array(buffer).forEach(function (each) { binary += String.fromCharCode(each); });
    return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  function options(form) {
    var found = JSON.parse(form.getAttribute("data-options"));
    found.challenge = bytes(found.challenge);
    if (found.user) found.user.id = bytes(found.user.id);
    (found.allowCredentials || []).concat(found.excludeCredentials || []).forEach(function (each) {
      each.id = bytes(each.id);
      if (!each.transports.length) delete each.transports;
    });
    return found;
  }

  function json(credential) {
    var response = credential.response, sent = { clientDataJSON: text(response.clientDataJSON) };
    if (response.attestationObject) {
      sent.attestationObject = text(response.attestationObject);
      sent.transports = response.getTransports ? response.getTransports() : [];
    } else {
      sent.authenticatorData = text(response.authenticatorData);
      sent.signature = text(response.signature);
      if (response.userHandle) sent.userHandle = text(response.userHandle);
    }
    return JSON.stringify({
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response: sent
    });
  }

  function show(form, name, visible) {
    form.querySelectorAll("[data-passkey-" + name + "]").forEach(function (each) {
      each.hidden = !visible;
    });
  }

  function send(form, credential) {
    form.elements.credential.value = json(credential);
    form.submit();
  }

  function use(form) {
    var call = form.getAttribute("data-passkey") === "create" ? "create" : "get";
    if (waiting) waiting.abort();
    show(form, "failed", false);
    show(form, "exists", false);
    navigator.credentials[call]({ publicKey: options(form) }).then(function (credential) {
      send(form, credential);
    }, function (error) {
      show(form, error.name === "InvalidStateError" ? "exists" : "failed", true);
    });
  }

  // Offers passkeys in the field of the e-mail address, before the button is pressed.
  function offer(form) {
    var known = window.PublicKeyCredential.isConditionalMediationAvailable;
    if (!known || !form.hasAttribute("data-passkey-offered")) return;
    known.call(window.PublicKeyCredential).then(function (available) {
      if (!available) return;
      waiting = new AbortController();
      navigator.credentials.get({
        publicKey: options(form), mediation: "conditional", signal: waiting.signal
      }).then(function (credential) {
        send(form, credential);
      }, function () { /* Another request replaced this one, or the person closed it. */ });
    });
  }

  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    if (!window.PublicKeyCredential) return;
    document.querySelectorAll("[data-passkey-shown]").forEach(function (each) { each.hidden = false; });
    document.querySelectorAll("[data-passkey-else]").forEach(function (each) { each.hidden = true; });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      use(form);
    });
    offer(form);
  });
})();
