// npm oidc-provider as a third-party identity provider: one client, and every person who signs in exists.
import { Provider } from 'oidc-provider'

const { port, client_id, client_secret, redirect_uri, client } = JSON.parse(process.argv[2])
const issuer = `http://127.0.0.1:${port}`

const provider = new Provider(issuer, {
  clients: [
    { client_id, client_secret, redirect_uris: [redirect_uri], response_types: ['code'], ...client },
  ],
  features: { backchannelLogout: { enabled: true }, jwtUserinfo: { enabled: true } },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true },
  async findAccount(context, id) {
    return {
      accountId: id,
      claims: async () => ({
        sub: id, name: `${id} of oidc-provider`, email: `${id}@example.org`, email_verified: true,
      }),
    }
  },
})
provider.listen(port, '127.0.0.1', () => console.log('ready'))
