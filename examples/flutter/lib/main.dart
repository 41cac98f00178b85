import 'package:flutter/material.dart';
import 'package:flutter_appauth/flutter_appauth.dart';

import 'quantimodo.dart';

void main() => runApp(const MaterialApp(home: Home()));

/// One screen: a text, and a button to sign in or out.
class Home extends StatefulWidget {
  const Home({super.key});

  @override
  State<Home> createState() => _HomeState();
}

class _HomeState extends State<Home> {
  final _quantimodo = Quantimodo();
  String _message = 'You are signed out';
  bool _signedIn = false;

  @override
  void initState() {
    super.initState();
    _show(() async {});
  }

  /// Does something, and shows who is signed in then, or what failed.
  Future<void> _show(Future<void> Function() action) async {
    String message;
    try {
      await action();
      message = await _quantimodo.signedIn ? await _quantimodo.summary() : 'You are signed out';
    } on SignedOut {
      message = 'Please sign in again';
    } on FlutterAppAuthUserCancelledException {
      message = 'You did not sign in';
    } on FlutterAppAuthPlatformException catch (refusal) {
      message = 'Not signed in: ${refusal.platformErrorDetails.error ?? refusal.message}';
    } on Exception catch (failure) {
      message = 'No connection: $failure';
    }
    final signedIn = await _quantimodo.signedIn;
    if (!mounted) return;
    setState(() {
      _message = message;
      _signedIn = signedIn;
    });
  }

  @override
  Widget build(BuildContext context) => Scaffold(
        body: Center(
          child: Column(mainAxisSize: MainAxisSize.min, children: [
            Text(_message),
            FilledButton(
              onPressed: () => _show(_signedIn ? _quantimodo.signOut : _quantimodo.signIn),
              child: Text(_signedIn ? 'Sign out' : 'Sign in'),
            ),
          ]),
        ),
      );
}
