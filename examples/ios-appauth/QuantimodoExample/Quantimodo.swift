import AppAuth
import SwiftUI

/// Sign-in, calls and logout. `state` has the tokens: AppAuth refreshes them before a call, and this
/// class stores them in the keychain after each change.
@MainActor
final class Quantimodo: NSObject, ObservableObject {
    @Published private(set) var message = "You are signed out"
    @Published private(set) var isSignedIn = false

    private let issuer = URL(string: "http://127.0.0.1:8000")!
    private let clientId = "your-client-id"
    private let redirectUri = URL(string: "org.example.app:/callback")!
    private let scopes = "openid profile readmeasurements offline_access".components(separatedBy: " ")

    private var state: OIDAuthState?
    private var flow: OIDExternalUserAgentSession?

    override init() {
        super.init()
        state = Keychain.read().flatMap {
            try? NSKeyedUnarchiver.unarchivedObject(ofClass: OIDAuthState.self, from: $0)
        }
        state?.stateChangeDelegate = self
        isSignedIn = state?.isAuthorized ?? false
    }

    /// Opens the browser sheet in which the person signs in, with PKCE, state and nonce.
    func signIn() {
        OIDAuthorizationService.discoverConfiguration(forIssuer: issuer) { [self] found, failure in
            guard let found, let screen else { return refuse(failure) }
            let request = OIDAuthorizationRequest(
                configuration: found, clientId: clientId, scopes: scopes, redirectURL: redirectUri,
                responseType: OIDResponseTypeCode, additionalParameters: nil)
            flow = OIDAuthState.authState(byPresenting: request, presenting: screen) { [self] made, failure in
                flow = nil
                guard let made else { return refuse(failure) }
                store(made)
                load()
            }
        }
    }

    /// Shows the person's name and the number of their measurements.
    func load() {
        state?.performAction { [self] token, _, failure in
            guard let token else {
                // invalid_grant: the person took the access back, or it has expired.
                if state?.isAuthorized == false { store(nil) }
                return refuse(failure)
            }
            Task { await show(token) }
        }
    }

    private func show(_ token: String) async {
        do {
            let (person, _) = try await get("/api/v2/oauth2/userinfo", token)
            let (_, response) = try await get("/api/v1/measurements?limit=1", token)
            let name = (try JSONSerialization.jsonObject(with: person) as? [String: Any])?["name"] as? String
            let count = response.value(forHTTPHeaderField: "Total-Count") ?? "no"
            message = "Hello \(name ?? ""). You have \(count) measurements."
        } catch {
            message = "No connection: \(error.localizedDescription)"
        }
    }

    /// Deletes the tokens here, and ends the session at the issuer in the browser sheet.
    func signOut() {
        let configuration = state?.lastAuthorizationResponse.request.configuration
        let hint = state?.lastTokenResponse?.idToken ?? state?.lastAuthorizationResponse.idToken
        store(nil)
        message = "You are signed out"
        guard let configuration, let hint, let screen,
            let agent = OIDExternalUserAgentIOS(presenting: screen) else { return }
        let request = OIDEndSessionRequest(
            configuration: configuration, idTokenHint: hint, postLogoutRedirectURL: redirectUri,
            additionalParameters: nil)
        flow = OIDAuthorizationService.present(request, externalUserAgent: agent) { [self] _, _ in flow = nil }
    }

    private func get(_ path: String, _ token: String) async throws -> (Data, HTTPURLResponse) {
        var request = URLRequest(url: URL(string: issuer.absoluteString + path)!)
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let response = response as? HTTPURLResponse, response.statusCode == 200 else {
            throw URLError(.badServerResponse)
        }
        return (data, response)
    }

    private func refuse(_ failure: Error?) {
        message = "Not signed in: \(failure?.localizedDescription ?? "unknown")"
    }

    private func store(_ changed: OIDAuthState?) {
        state = changed
        state?.stateChangeDelegate = self
        isSignedIn = changed?.isAuthorized ?? false
        Keychain.write(
            changed.flatMap { try? NSKeyedArchiver.archivedData(withRootObject: $0, requiringSecureCoding: true) })
    }

    private var screen: UIViewController? {
        let scenes = UIApplication.shared.connectedScenes.compactMap { $0 as? UIWindowScene }
        return scenes.first?.keyWindow?.rootViewController
    }
}

extension Quantimodo: OIDAuthStateChangeDelegate {
    /// After each refresh: the new refresh token is stored at once.
    nonisolated func didChange(_ changed: OIDAuthState) {
        Task { @MainActor in store(changed) }
    }
}
