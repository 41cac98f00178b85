import Foundation
import Security

/// One item in the keychain, which leaves this device neither by backup nor by synchronisation.
enum Keychain {
    private static let item: [CFString: Any] = [
        kSecClass: kSecClassGenericPassword,
        kSecAttrService: "org.example.app",
        kSecAttrAccount: "quantimodo",
    ]

    static func read() -> Data? {
        var found: CFTypeRef?
        let query = item.merging([kSecReturnData: true]) { $1 }
        SecItemCopyMatching(query as CFDictionary, &found)
        return found as? Data
    }

    static func write(_ data: Data?) {
        SecItemDelete(item as CFDictionary)
        guard let data else { return }
        let added: [CFString: Any] = [
            kSecValueData: data,
            kSecAttrAccessible: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
        ]
        SecItemAdd(item.merging(added) { $1 } as CFDictionary, nil)
    }
}
