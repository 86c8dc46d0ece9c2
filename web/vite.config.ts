import { fileURLToPath, URL } from 'node:url'

import vue from '@vitejs/plugin-vue'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import components from 'unplugin-vue-components/vite'
import { defineConfig } from 'vitest/config'

const api = process.env.SHIKE_DEV_API ?? 'http://127.0.0.1:8420'

export default defineConfig({
  plugins: [
    vue(),
    // Element Plus parts are found in templates. Their styles come as one sheet (main.ts), before the
    // tokens: sheets loaded later, page by page, would win over them.
    components({ dirs: [], dts: false, resolvers: [ElementPlusResolver({ importStyle: false })] }),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    outDir: '../api/static',
    emptyOutDir: true,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router|vue-i18n|@intlify)[\\/]/, priority: 20 },
            { name: 'hls', test: /node_modules[\\/]hls\.js[\\/]/, priority: 15 },
            { name: 'echarts', test: /node_modules[\\/](echarts|zrender)[\\/]/, priority: 15 },
          ],
        },
      },
    },
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    // The server compares Origin with Host, so the name the browser used is passed on.
    proxy: { '/api': { target: api, ws: true, changeOrigin: false } },
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts', 'src/**/*.test.ts'],
    server: { deps: { inline: ['element-plus'] } },
  },
})
