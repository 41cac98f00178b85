package org.example;

import jakarta.servlet.http.HttpSession;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.ClientAuthorizationException;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.core.OAuth2AuthenticationException;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.WebAttributes;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.RestClient;

/** The pages for people. */
@Controller
class PageController {

    private final RestClient rest;

    PageController(RestClient.Builder builder) {
        rest = builder.build();
    }

    /** The page of a person who is not signed in, with the reason if a sign-in failed. */
    @GetMapping("/")
    String start(HttpSession session, Model model) {
        var failure = session.getAttribute(WebAttributes.AUTHENTICATION_EXCEPTION);
        session.removeAttribute(WebAttributes.AUTHENTICATION_EXCEPTION);
        if (failure instanceof OAuth2AuthenticationException refused) {
            model.addAttribute("error", refused.getError().getErrorCode());
        }
        return "start";
    }

    /** The person's name and the number of their measurements. An expired access token is refreshed before. */
    @GetMapping("/person")
    String person(
            @AuthenticationPrincipal OidcUser person,
            @RegisteredOAuth2AuthorizedClient("quantimodo") OAuth2AuthorizedClient client,
            Model model) {
        var issuer = client.getClientRegistration().getProviderDetails().getIssuerUri();
        var response = rest.get()
            .uri(issuer + "/api/v1/measurements?limit=1")
            .headers(it -> it.setBearerAuth(client.getAccessToken().getTokenValue()))
            .retrieve()
            .toBodilessEntity();
        model.addAttribute("name", person.getFullName() == null ? person.getSubject() : person.getFullName());
        model.addAttribute("count", response.getHeaders().getFirst("Total-Count"));
        return "person";
    }

    /** The person took the access back, or it has expired: sign in again. */
    @ExceptionHandler({ClientAuthorizationException.class, HttpClientErrorException.Unauthorized.class})
    String again() {
        return "redirect:/oauth2/authorization/quantimodo";
    }
}
