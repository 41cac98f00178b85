package org.example;

import static org.springframework.security.config.Customizer.withDefaults;

import java.util.Objects;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.client.web.DefaultOAuth2AuthorizationRequestResolver;
import org.springframework.security.oauth2.client.web.OAuth2AuthorizationRequestCustomizers;
import org.springframework.security.oauth2.jwt.JwtClaimValidator;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.SimpleUrlAuthenticationFailureHandler;

/** Who may request what: people by a session, other applications by an access token. */
@Configuration
class Security {

    /** The pages: sign-in with PKCE, logout here and at quantimodo, logout that begins at quantimodo. */
    @Bean
    @Order(2)
    SecurityFilterChain pages(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
        var requests = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
        requests.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
        var logout = new OidcClientInitiatedLogoutSuccessHandler(clients);
        logout.setPostLogoutRedirectUri("{baseUrl}/");
        return http
            .authorizeHttpRequests(it -> it.requestMatchers("/", "/error").permitAll().anyRequest().authenticated())
            .oauth2Login(it -> it
                .authorizationEndpoint(endpoint -> endpoint.authorizationRequestResolver(requests))
                .failureHandler(new SimpleUrlAuthenticationFailureHandler("/"))
                .defaultSuccessUrl("/person"))
            .logout(it -> it.logoutSuccessHandler(logout))
            .oidcLogout(it -> it.backChannel(withDefaults()))
            .build();
    }

    /** The API: access tokens (RFC 9068) with its scope, and no sessions. */
    @Bean
    @Order(1)
    SecurityFilterChain api(HttpSecurity http) throws Exception {
        return http
            .securityMatcher("/api/**")
            .authorizeHttpRequests(it -> it.anyRequest().hasAuthority("SCOPE_notes:read"))
            .oauth2ResourceServer(it -> it.jwt(withDefaults()))
            .sessionManagement(it -> it.sessionCreationPolicy(SessionCreationPolicy.STATELESS))
            .csrf(it -> it.disable())
            .build();
    }

    /** Access tokens of quantimodo for this API. An ID token has another type, and is refused. */
    @Bean
    JwtDecoder accessTokens(
            @Value("${spring.security.oauth2.client.provider.quantimodo.issuer-uri}") String issuer,
            @Value("${quantimodo.api}") String api) {
        var decoder = NimbusJwtDecoder.withIssuerLocation(issuer).validateType(false).build();
        decoder.setJwtValidator(JwtValidators.createAtJwtValidator().issuer(issuer).audience(api)
            .validators(it -> it.put("client_id", new JwtClaimValidator<String>("client_id", Objects::nonNull)))
            .build());
        return decoder;
    }
}
