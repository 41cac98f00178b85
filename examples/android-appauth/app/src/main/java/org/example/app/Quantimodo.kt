package org.example.app

import android.content.Context
import android.content.Intent
import android.net.Uri
import java.net.HttpURLConnection
import java.net.URL
import net.openid.appauth.AppAuthConfiguration
import net.openid.appauth.AuthState
import net.openid.appauth.AuthorizationException
import net.openid.appauth.AuthorizationRequest
import net.openid.appauth.AuthorizationResponse
import net.openid.appauth.AuthorizationService
import net.openid.appauth.AuthorizationServiceConfiguration
import net.openid.appauth.EndSessionRequest
import net.openid.appauth.ResponseTypeValues
import org.json.JSONObject

/**
 * Sign-in, calls and logout. `state` has the tokens: AppAuth refreshes them before a call, and this
 * class stores them in the app's private folder after each change.
 */
class Quantimodo(private val context: Context) {
    private val issuer = Uri.parse("http://127.0.0.1:8000")
    private val clientId = "your-client-id"
    private val redirectUri = Uri.parse("org.example.app:/callback")
    private val scopes = "openid profile readmeasurements offline_access"

    private val store = context.getSharedPreferences("quantimodo", Context.MODE_PRIVATE)
    private val service = AuthorizationService(context, configuration())
    private var state = store.getString("state", null)?.let(AuthState::jsonDeserialize) ?: AuthState()

    val signedIn: Boolean get() = state.isAuthorized

    /** The screen of the browser in which the person signs in, with PKCE, state and nonce. */
    fun signIn(ready: (Intent?, String?) -> Unit) =
        AuthorizationServiceConfiguration.fetchFromIssuer(issuer, { found, failure ->
            if (found == null) {
                ready(null, reason(failure))
            } else {
                val request = AuthorizationRequest.Builder(
                    found, clientId, ResponseTypeValues.CODE, redirectUri
                ).setScope(scopes).build()
                ready(service.getAuthorizationRequestIntent(request), null)
            }
        }, configuration().connectionBuilder)

    /** What the browser brought back: exchanges the code for tokens. Null means success. */
    fun signedIn(result: Intent, done: (String?) -> Unit) {
        val response = AuthorizationResponse.fromIntent(result)
        val refusal = AuthorizationException.fromIntent(result)
        state.update(response, refusal)
        if (response == null) return done(reason(refusal))
        service.performTokenRequest(response.createTokenExchangeRequest()) { tokens, failure ->
            state.update(tokens, failure)
            save()
            done(if (tokens == null) reason(failure) else null)
        }
    }

    /** The person's name and the number of their measurements, or the reason why not. */
    fun load(done: (String) -> Unit) =
        state.performActionWithFreshTokens(service) { token, _, failure ->
            save()
            if (token == null) {
                // invalid_grant: the person took the access back, or it has expired.
                if (failure?.error == "invalid_grant") forget()
                done(reason(failure))
            } else {
                Thread { done(runCatching { summary(token) }.getOrElse { "No connection: ${it.message}" }) }.start()
            }
        }

    /** The screen of the browser that ends the session at the issuer. The tokens here are deleted. */
    fun signOut(): Intent? {
        val configuration = state.authorizationServiceConfiguration
        val hint = state.idToken
        forget()
        if (configuration?.endSessionEndpoint == null || hint == null) return null
        val request = EndSessionRequest.Builder(configuration)
            .setIdTokenHint(hint)
            .setPostLogoutRedirectUri(redirectUri)
            .build()
        return service.getEndSessionRequestIntent(request)
    }

    fun close() = service.dispose()

    private fun summary(token: String): String {
        val name = JSONObject(get("/api/v2/oauth2/userinfo", token).inputStream.reader().readText()).optString("name")
        val count = get("/api/v1/measurements?limit=1", token).getHeaderField("Total-Count")
        return "Hello $name. You have $count measurements."
    }

    private fun get(path: String, token: String): HttpURLConnection =
        (URL("$issuer$path").openConnection() as HttpURLConnection).apply {
            setRequestProperty("Authorization", "Bearer $token")
            if (responseCode != 200) error("$path: $responseCode")
        }

    private fun reason(failure: AuthorizationException?) =
        "Not signed in: ${failure?.error ?: failure?.errorDescription ?: "unknown"}"

    private fun forget() {
        state = AuthState()
        save()
    }

    private fun save() = store.edit().putString("state", state.jsonSerializeString()).apply()

    /** AppAuth requires https. A server on your own machine has none: leave both lines out of a release. */
    private fun configuration(): AppAuthConfiguration = AppAuthConfiguration.Builder()
        .setConnectionBuilder { uri -> URL(uri.toString()).openConnection() as HttpURLConnection }
        .setSkipIssuerHttpsCheck(true)
        .build()
}
