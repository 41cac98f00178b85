import react from '@vitejs/plugin-react'
import { defineConfig, loadEnv } from 'vite'

export default defineConfig(({ mode }) => {
  // The development server listens where the registered redirect URI leads.
  const address = loadEnv(mode, process.cwd()).VITE_QUANTIMODO_REDIRECT_URI
  const { hostname, port } = new URL(address)
  const server = { host: hostname, port: Number(port), strictPort: true }
  return { plugins: [react()], server, preview: server }
})
