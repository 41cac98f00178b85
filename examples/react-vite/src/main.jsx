import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { AuthProvider } from 'react-oidc-context'
import { App } from './App.jsx'
import { settings } from './settings.js'

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <AuthProvider {...settings}>
      <App />
    </AuthProvider>
  </StrictMode>,
)
