import 'element-plus/dist/index.css'
import './styles/tokens.css'
import './styles/base.css'

import { createApp } from 'vue'

import App from './App.vue'
import { i18n } from './messages'
import { router } from './router'

createApp(App).use(i18n).use(router).mount('#app')
