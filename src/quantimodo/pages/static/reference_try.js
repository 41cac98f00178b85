// Starts Swagger UI with the operations of the OpenAPI document that the page names. Tokens in
// addresses are left out. A token is in the memory of this page only.
(function () {
  "use strict";
  var place = document.getElementById("swagger-ui");
  var sends = place.hasAttribute("data-sends");
  var wanted = place.getAttribute("data-operations").split(" ");
  var methods = ["get", "put", "post", "delete"];

  function without(object, unwanted) {
    return Object.fromEntries(Object.entries(object).filter(function (each) {
      return !unwanted(each[0], each[1]);
    }));
  }

  // Only the operations that the page names.
  function callable(spec) {
    var paths = {};
    Object.keys(spec.paths).forEach(function (path) {
      var operations = without(spec.paths[path], function (method, operation) {
        return !wanted.includes(operation.operationId);
      });
      Object.values(operations).forEach(function (operation) {
        operation.security = (operation.security || []).filter(function (scheme) {
          return !("tokenInQuery" in scheme);
        });
      });
      if (Object.keys(operations).length) paths[path] = operations;
    });
    var used = new Set(Object.values(paths).flatMap(function (operations) {
      return Object.values(operations).flatMap(function (operation) { return operation.tags; });
    }));
    spec.paths = paths;
    spec.tags = spec.tags.filter(function (tag) { return used.has(tag.name); });
    spec.servers = [{ url: location.origin }];
    delete spec.webhooks;
    delete spec.externalDocs;
    delete spec.components.securitySchemes.tokenInQuery;
    delete spec.components.securitySchemes.oauth2;
    delete spec.components.securitySchemes.operator;
    return spec;
  }

  // Calls go to this server, without cookies.
  function guarded(request) {
    if (new URL(request.url, location.href).origin !== location.origin) {
      throw new Error("Calls go to this server only.");
    }
    request.credentials = "omit";
    return request;
  }

  // The filter of Swagger UI looks at the names of groups only; this one looks at operations too.
  function searched(groups, words) {
    var wanted = words.toLowerCase();
    return groups.map(function (group, name) {
      if (name.toLowerCase().includes(wanted)) return group;
      return group.update("operations", function (operations) {
        return operations.filter(function (each) {
          var text = [each.get("path"), each.get("method"), each.getIn(["operation", "summary"]),
            each.getIn(["operation", "operationId"])].join(" ");
          return text.toLowerCase().includes(wanted);
        });
      });
    }).filter(function (group) { return group.get("operations").size > 0; });
  }

  // The layout of Swagger UI without its heading, its list of servers and its `main`.
  function own(system) {
    var element = system.React.createElement;
    function Layout(props) {
      var parts = ["AuthorizeBtnContainer", "FilterContainer", "errors", "operations"];
      return element("div", { className: "swagger-ui" },
        element(props.getComponent("SvgAssets")),
        parts.map(function (name) {
          return element(props.getComponent(name, true), { key: name });
        }));
    }
    return { components: { ReferenceLayout: Layout }, fn: { opsFilter: searched } };
  }

  function each(selector, change) {
    place.querySelectorAll(selector).forEach(change);
  }

  function name(selector, text) {
    each(selector + ":not([aria-label])", function (element) {
      element.setAttribute("aria-label", element.title || element.placeholder || text);
    });
  }

  // Names for what Swagger UI leaves without one, no link inside of a button, and a token that the
  // browser neither shows nor keeps.
  function labelled() {
    name("select", "Choice");
    name("textarea", "Body");
    name("input:not([id])", "Value");
    name(".close-modal", "Close");
    name("table[role=region]", "Responses");
    each("table[role=region]", function (table) {
      var operation = table.closest(".opblock");
      if (operation) table.setAttribute("aria-label", "Responses of " + operation.id.split("-").pop());
    });
    each("pre:not([tabindex])", function (pre) { pre.tabIndex = 0; });
    each("button a[href]", function (link) { link.removeAttribute("href"); });
    each("#auth-bearer-value[type=text]", function (field) {
      field.type = "password";
      field.autocomplete = "off";
    });
  }

  function show(spec) {
    window.SwaggerUIBundle({
      spec: callable(spec),
      domNode: place,
      plugins: [own],
      layout: "ReferenceLayout",
      deepLinking: true,
      docExpansion: "list",
      filter: true,
      defaultModelsExpandDepth: -1,
      persistAuthorization: false,
      queryConfigEnabled: false,
      validatorUrl: null,
      supportedSubmitMethods: sends ? methods : [],
      tryItOutEnabled: sends,
      requestInterceptor: guarded
    });
  }

  // Then the script of Swagger UI has run.
  function start() {
    new MutationObserver(labelled).observe(place, { childList: true, subtree: true });
    fetch("/api/openapi.json", { credentials: "omit" })
      .then(function (response) { return response.json(); })
      .then(show);
  }

  document.addEventListener("DOMContentLoaded", start);
})();
