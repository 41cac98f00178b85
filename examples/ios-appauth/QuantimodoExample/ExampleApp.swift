import SwiftUI

/// One screen: a text, and a button to sign in or out.
@main
struct ExampleApp: App {
    @StateObject private var quantimodo = Quantimodo()

    var body: some Scene {
        WindowGroup {
            VStack(spacing: 24) {
                Text(quantimodo.message)
                if quantimodo.isSignedIn {
                    Button("Sign out") { quantimodo.signOut() }
                } else {
                    Button("Sign in") { quantimodo.signIn() }
                }
            }
            .padding()
            .onAppear { quantimodo.load() }
        }
    }
}
