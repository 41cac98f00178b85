// What the registration of this application says.
export const issuer = 'http://127.0.0.1:8000'
export const clientId = 'your-client-id'
export const redirectUri = 'http://127.0.0.1:5500/callback'
