// The frame of OpenID Connect Session Management 1.0: tells an application's page whether who is
// signed in here is still who it knows. Plain ES5, and a built-in SHA-256: that of the browser is not
// available on plain http, nor in all browsers, and is asynchronous.
(function () {
  "use strict";

  var K = [], START = [];

  (function () {
    function fraction(x) {
      return ((x - Math.floor(x)) * 4294967296) | 0;
    }
    for (var n = 2; K.length < 64; n++) {
      var prime = true;
      for (var d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
      if (!prime) continue;
      if (START.length < 8) START.push(fraction(Math.pow(n, 1 / 2)));
      K.push(fraction(Math.pow(n, 1 / 3)));
    }
  })();

  function turned(x, by) {
    return (x >>> by) | (x << (32 - by));
  }

  function sha256(text) {
    var bytes = unescape(encodeURIComponent(text)), length = bytes.length, words = [], i, j;
    for (i = 0; i < length; i++) words[i >> 2] |= bytes.charCodeAt(i) << (24 - (i % 4) * 8);
    words[length >> 2] |= 0x80 << (24 - (length % 4) * 8);
    var end = (((length + 8) >> 6) << 4) + 15;
    words[end] = length * 8;
    var hash = START.slice();
    for (i = 0; i < end; i += 16) {
      var w = [], s = hash.slice();
      for (j = 0; j < 64; j++) {
        if (j < 16) {
          w[j] = words[i + j] | 0;
        } else {
          var p = w[j - 15], q = w[j - 2];
          var s0 = turned(p, 7) ^ turned(p, 18) ^ (p >>> 3);
          var s1 = turned(q, 17) ^ turned(q, 19) ^ (q >>> 10);
          w[j] = (w[j - 16] + s0 + w[j - 7] + s1) | 0;
        }
        var e = turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25);
        var choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        var t1 = (s[7] + e + choice + K[j] + w[j]) | 0;
        var a = turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22);
        var majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        s = [(t1 + a + majority) | 0, s[0], s[1], s[2], (s[3] + t1) | 0, s[4], s[5], s[6]];
      }
      for (j = 0; j < 8; j++) hash[j] = (hash[j] + s[j]) | 0;
    }
    var hex = "";
    for (i = 0; i < 8; i++) {
      hex += ("00000000" + (hash[i] >>> 0).toString(16)).slice(-8);
    }
    return hex;
  }

  var COOKIE = document.documentElement.getAttribute("data-cookie");

  function cookie(name) {
    var cookies = document.cookie ? document.cookie.split("; ") : [];
    for (var i = 0; i < cookies.length; i++) {
      if (cookies[i].indexOf(name + "=") === 0) return cookies[i].substring(name.length + 1);
    }
    return "";
  }

  // What this browser's session is known by, "" without a session.
  function state() {
    return cookie(COOKIE);
  }

  // Whether such a cookie can be set and read in this frame.
  function probe() {
    var name = COOKIE + "_probe";
    var attributes = "; path=/" + (location.protocol === "https:" ? "; secure; samesite=none" : "");
    document.cookie = name + "=1" + attributes;
    var found = cookie(name) === "1";
    document.cookie = name + "=; max-age=0" + attributes;
    return found;
  }

  // Calls back with whether the browser hides this server's cookies from this frame. Some browsers refuse
  // them to frames of other sites; others give the frame a separate cookie store, which a probe
  // cannot distinguish from the one with the session.
  function ask_hidden(back) {
    if (state()) return back(false);
    if (!document.hasStorageAccess) return back(!probe());
    document.hasStorageAccess().then(function (granted) {
      back(!granted || !probe());
    }, function () {
      back(!probe());
    });
  }

  // Session Management §3.1: client id, a space, session_state; and that is a hash, a dot, a salt.
  function answer(message, origin) {
    if (typeof message !== "string" || message.length > 2000) return "error";
    var space = message.lastIndexOf(" ");
    var parts = message.substring(space + 1).split(".");
    if (space < 1 || parts.length !== 2 || !parts[0] || !parts[1]) return "error";
    var known = message.substring(0, space) + " " + origin + " " + state() + " " + parts[1];
    return sha256(known) === parts[0] ? "unchanged" : "changed";
  }

  window.addEventListener("message", function (event) {
    if (!event.source || !event.origin || event.origin === "null") return;
    var source = event.source, origin = event.origin, data = event.data;
    ask_hidden(function (hidden) {
      // Session Management §3.1: after `changed` an application sends prompt=none again, and would repeat that without an end.
      source.postMessage(hidden ? "error" : answer(data, origin), origin);
    });
  }, false);
})();
