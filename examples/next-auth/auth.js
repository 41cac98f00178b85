// Sign-in by Auth.js. The tokens are in the encrypted session cookie, which only the server reads.
import NextAuth from 'next-auth'
import { fresh, issuer, taken } from './tokens.js'

export const { handlers, auth, signIn, signOut } = NextAuth({
  providers: [
    {
      id: 'quantimodo',
      name: 'quantimodo',
      type: 'oidc',
      issuer,
      clientId: process.env.QUANTIMODO_CLIENT_ID,
      clientSecret: process.env.QUANTIMODO_CLIENT_SECRET,
      authorization: { params: { scope: 'openid profile readmeasurements' } },
      checks: ['pkce', 'state', 'nonce'],
      // The name is in userinfo, unless the registration puts it into the ID token.
      idToken: false,
      profile: ({ sub, name }) => ({ id: sub, name }),
    },
  ],
  // Where people read of an error: `app/page.jsx` shows it.
  pages: { signIn: '/', error: '/' },
  callbacks: {
    // At the sign-in `account` has the token response. Later the token is refreshed in time; null
    // ends the session.
    jwt: ({ token, account }) => (account ? { ...token, ...taken(account) } : fresh(token)),
  },
})
