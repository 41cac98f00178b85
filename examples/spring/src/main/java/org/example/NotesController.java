package org.example;

import java.util.Map;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The API of this application, for other applications. */
@RestController
class NotesController {

    @GetMapping("/api/notes")
    Map<String, String> notes(@AuthenticationPrincipal Jwt token) {
        return Map.of("person", token.getSubject(), "application", token.getClaimAsString("client_id"));
    }
}
