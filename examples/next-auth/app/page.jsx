import { headers } from 'next/headers'
import { redirect } from 'next/navigation'
import { getToken } from 'next-auth/jwt'
import { auth, signIn, signOut } from '../auth.js'
import { measurements, server } from '../tokens.js'

export default async function Page({ searchParams }) {
  const session = await auth()
  if (!session) {
    const { error } = await searchParams
    return (
      <form action={enter}>
        {error && <p role="alert">The sign-in did not succeed. {reason(error)}</p>}
        <button>Sign in with quantimodo</button>
      </form>
    )
  }
  const rows = await measurements(await stored())
  return (
    <>
      <p>{`Signed in as ${session.user.name}`}</p>
      <ul>
        {rows.map(({ id, humanTime, variable, value, unit }) => (
          <li key={id}>{`${humanTime} ${variable}: ${value} ${unit}`}</li>
        ))}
      </ul>
      <form action={leave}>
        <button>Sign out</button>
      </form>
    </>
  )
}

/** What the code of an error of Auth.js means; the log has more. */
function reason(code) {
  return code === 'OAuthCallbackError'
    ? 'It was not allowed, or the server refused it.'
    : 'The log of this application has the reason.'
}

async function enter() {
  'use server'
  await signIn('quantimodo')
}

/** Signs the person out here, and then at the server. */
async function leave() {
  'use server'
  const token = await stored()
  await signOut({ redirect: false })
  if (!token) redirect('/')
  const { end_session_endpoint } = await server()
  const parameters = new URLSearchParams({
    id_token_hint: token.id_token,
    post_logout_redirect_uri: new URL('/', process.env.AUTH_URL).href,
  })
  redirect(`${end_session_endpoint}?${parameters}`)
}

/** The content of the session cookie. It never leaves the server: `session` has none of it. */
async function stored() {
  return getToken({
    req: { headers: await headers() },
    secret: process.env.AUTH_SECRET,
    secureCookie: process.env.AUTH_URL.startsWith('https:'),
  })
}
