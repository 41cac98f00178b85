import { useAuth } from 'react-oidc-context'
import { Measurements } from './Measurements.jsx'

export function App() {
  const auth = useAuth()
  return (
    <main>
      <h1>My app</h1>
      {auth.error && <p role="alert">It did not succeed: {reason(auth.error)}</p>}
      {content(auth)}
    </main>
  )
}

function content(auth) {
  if (auth.isLoading) return <p>Loading…</p>
  if (!auth.isAuthenticated) {
    return <button onClick={() => auth.signinRedirect()}>Sign in with quantimodo</button>
  }
  const { access_token, expires_at, profile } = auth.user
  return (
    <>
      <p>Signed in as {profile.name ?? profile.sub}</p>
      <p>The access token is valid until {new Date(expires_at * 1000).toLocaleTimeString()}.</p>
      <Measurements token={access_token} />
      <button onClick={() => auth.signinSilent()}>Get a new access token</button>
      <button onClick={() => auth.signoutRedirect()}>Sign out</button>
    </>
  )
}

/** An error of the server has a code (`error`), and a description that is for you. */
function reason({ error, error_description, innerError, message }) {
  const code = error ?? innerError?.error
  const text = error_description ?? innerError?.error_description ?? message
  return code ? `${code}: ${text}` : text
}
