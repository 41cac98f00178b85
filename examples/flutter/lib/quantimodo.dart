import 'dart:convert';

import 'package:flutter_appauth/flutter_appauth.dart';
import 'package:flutter_secure_storage/flutter_secure_storage.dart';
import 'package:http/http.dart' as http;

/// The person has to sign in again.
class SignedOut implements Exception {}

/// Sign-in, calls and logout. The tokens are in the keychain or the keystore of the phone.
class Quantimodo {
  static const issuer = 'http://127.0.0.1:8000';
  static const clientId = 'your-client-id';
  static const redirectUri = 'org.example.app:/callback';
  static final scopes = 'openid profile readmeasurements offline_access'.split(' ');

  /// For a server without TLS on your own machine: false in a release.
  static const insecure = true;

  final _appAuth = const FlutterAppAuth();
  final _store = const FlutterSecureStorage();
  Future<String>? _refresh;

  Future<bool> get signedIn async => await _store.read(key: 'refresh') != null;

  /// Opens the browser in which the person signs in, with PKCE, state and nonce.
  /// Throws [FlutterAppAuthUserCancelledException] if the person closes it.
  Future<void> signIn() async {
    final tokens = await _appAuth.authorizeAndExchangeCode(AuthorizationTokenRequest(
      clientId,
      redirectUri,
      issuer: issuer,
      scopes: scopes,
      allowInsecureConnections: insecure,
    ));
    await _keep(tokens);
  }

  /// The person's name and the number of their measurements.
  Future<String> summary() async {
    final person = await _get('/api/v2/oauth2/userinfo');
    final measurements = await _get('/api/v1/measurements?limit=1');
    final name = (jsonDecode(person.body) as Map<String, dynamic>)['name'] ?? '';
    return 'Hello $name. You have ${measurements.headers['total-count']} measurements.';
  }

  /// Deletes the tokens here, and ends the session of the browser.
  Future<void> signOut() async {
    final hint = await _store.read(key: 'id');
    await _store.deleteAll();
    if (hint == null) return;
    await _appAuth.endSession(EndSessionRequest(
      idTokenHint: hint,
      postLogoutRedirectUrl: redirectUri,
      issuer: issuer,
      allowInsecureConnections: insecure,
    ));
  }

  Future<http.Response> _get(String path) async {
    final response = await http.get(
      Uri.parse('$issuer$path'),
      headers: {'Authorization': 'Bearer ${await _accessToken()}'},
    );
    if (response.statusCode == 401) throw await _ended();
    if (response.statusCode != 200) throw http.ClientException('$path: ${response.statusCode}');
    return response;
  }

  /// A valid access token. Two callers share one refresh: each refresh token is used once.
  Future<String> _accessToken() async {
    final token = await _store.read(key: 'access');
    final expires = DateTime.tryParse(await _store.read(key: 'expires') ?? '');
    final soon = DateTime.now().add(const Duration(minutes: 1));
    if (token != null && expires != null && expires.isAfter(soon)) return token;
    return _refresh ??= _refreshed().whenComplete(() => _refresh = null);
  }

  Future<String> _refreshed() async {
    try {
      final tokens = await _appAuth.token(TokenRequest(
        clientId,
        redirectUri,
        issuer: issuer,
        refreshToken: await _store.read(key: 'refresh'),
        allowInsecureConnections: insecure,
      ));
      await _keep(tokens);
      return tokens.accessToken!;
    } on FlutterAppAuthPlatformException catch (refusal) {
      // The person took the access back, or it has expired.
      if (refusal.platformErrorDetails.error == 'invalid_grant') throw await _ended();
      rethrow;
    }
  }

  Future<SignedOut> _ended() async {
    await _store.deleteAll();
    return SignedOut();
  }

  /// Stores the new refresh token first: the old one is spent.
  Future<void> _keep(TokenResponse tokens) async {
    await _store.write(key: 'refresh', value: tokens.refreshToken);
    await _store.write(key: 'access', value: tokens.accessToken);
    await _store.write(key: 'expires', value: tokens.accessTokenExpirationDateTime?.toIso8601String());
    if (tokens.idToken != null) await _store.write(key: 'id', value: tokens.idToken);
  }
}
