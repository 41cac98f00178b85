// What the registration of this application says. Vite puts these values into the bundle.
const { VITE_QUANTIMODO_ISSUER, VITE_QUANTIMODO_CLIENT_ID, VITE_QUANTIMODO_REDIRECT_URI } =
  import.meta.env

export const issuer = VITE_QUANTIMODO_ISSUER

export const settings = {
  authority: issuer,
  client_id: VITE_QUANTIMODO_CLIENT_ID,
  redirect_uri: VITE_QUANTIMODO_REDIRECT_URI,
  post_logout_redirect_uri: new URL('/', VITE_QUANTIMODO_REDIRECT_URI).href,
  scope: 'openid profile readmeasurements',
  // Name and the like are in userinfo, unless the registration puts them into the ID token.
  loadUserInfo: true,
  // A minute before the access token expires, the refresh token gets the next one.
  automaticSilentRenew: true,
  // Signing out ends the refresh token, too.
  revokeTokensOnSignout: true,
  // The code is used up: a reload must not send it again.
  onSigninCallback: () => history.replaceState(null, '', '/'),
}
