// Signs a person in with oidc-client-ts, reads measurements, refreshes, and signs out.
import { clientId, issuer, redirectUri } from './config.js'

const manager = new window.oidc.UserManager({
  authority: issuer,
  client_id: clientId,
  redirect_uri: redirectUri,
  post_logout_redirect_uri: new URL('/', redirectUri).href,
  scope: 'openid profile readmeasurements',
  // Name and the like are in userinfo, unless the registration puts them into the ID token.
  loadUserInfo: true,
  // A minute before the access token expires, the refresh token gets the next one.
  automaticSilentRenew: true,
  // Signing out ends the refresh token, too.
  revokeTokensOnSignout: true,
})
const element = (id) => document.getElementById(id)

async function start() {
  if (location.pathname === new URL(redirectUri).pathname) {
    try {
      await manager.signinCallback()
    } finally {
      // The code is used up: a reload must not send it again.
      history.replaceState(null, '', '/')
    }
  }
  const user = await manager.getUser()
  if (user && !user.expired) return signedIn(user)
  show('You are not signed in.', ['sign-in'])
}

async function signedIn(user) {
  show(`Signed in as ${user.profile.name ?? user.profile.sub}`, ['renew', 'sign-out'])
  const response = await fetch(`${issuer}/api/v1/measurements?sort=-startTime&limit=5`, {
    headers: { Authorization: `Bearer ${user.access_token}` },
  })
  if (!response.ok) throw new Error(`the API refused: ${response.status}`)
  const rows = (await response.json()).map(({ humanTime, variable, value, unit }) => {
    const row = document.createElement('li')
    row.textContent = `${humanTime} ${variable}: ${value} ${unit}`
    return row
  })
  element('measurements').replaceChildren(...rows)
}

async function renew() {
  const user = await manager.signinSilent()
  show(`A new access token, until ${new Date(user.expires_at * 1000).toLocaleTimeString()}`, [
    'renew',
    'sign-out',
  ])
}

function show(text, buttons) {
  element('state').textContent = text
  for (const button of document.querySelectorAll('button')) {
    button.hidden = !buttons.includes(button.id)
  }
}

function refused(error) {
  // An error of the server has a code (`error`), and a description that is for you.
  show(`It did not succeed: ${error.error ?? ''} ${error.error_description ?? error.message}`, [
    'sign-in',
  ])
}

element('sign-in').onclick = () => manager.signinRedirect().catch(refused)
element('renew').onclick = () => renew().catch(refused)
element('sign-out').onclick = () => manager.signoutRedirect().catch(refused)
start().catch(refused)
