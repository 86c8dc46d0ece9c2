import { fileURLToPath } from 'node:url'

import js from '@eslint/js'
import vueI18n from '@intlify/eslint-plugin-vue-i18n'
import { createNodeResolver, importX } from 'eslint-plugin-import-x'
import vue from 'eslint-plugin-vue'
import globals from 'globals'
import { defineConfig } from 'eslint/config'
import prettier from 'eslint-config-prettier'
import ts from 'typescript-eslint'

import { importZones } from './importDirection.js'

export default defineConfig(
  { ignores: ['dist/**', '*.json', 'coverage/**', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  ...vueI18n.configs.recommended,
  {
    settings: {
      'vue-i18n': {
        localeDir: {
          pattern: './src/messages/*/*.json',
          localeKey: 'path',
          localePattern: /^.*\/(?<locale>[A-Za-z-]+)\/[^/]+\.json$/,
        },
        messageSyntaxVersion: '^11.0.0',
      },
    },
  },
  {
    files: ['**/*.ts', '**/*.vue'],
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.vue'] },
    },
    rules: {
      '@intlify/vue-i18n/no-raw-text': [
        'error',
        { ignorePattern: '^[-—–:/·,.()（）|→%×+\\s\\d]+$', ignoreText: ['Shike'] },
      ],
      '@intlify/vue-i18n/no-missing-keys': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      // Types are checked by vue-tsc, which knows more names than this rule does.
      'no-undef': 'off',
      'max-lines': ['error', { max: 400 }],
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'src/**/*.vue'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/extensions': ['.ts', '.vue'],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'], 'vue-eslint-parser': ['.vue'] },
      'import-x/resolver-next': [
        createNodeResolver({
          extensions: ['.ts', '.vue', '.json'],
          alias: { '@': [fileURLToPath(new URL('./src', import.meta.url))] },
        }),
      ],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones: importZones }],
      'import-x/no-cycle': 'error',
      'import-x/no-unresolved': ['error', { ignore: ['\\.svg$', '\\.css$'] }],
    },
  },
  prettier, // formatting is Prettier's
  // Prettier breaks code, but neither long texts nor comments.
  { files: ['**/*.ts', '**/*.vue'], rules: { 'max-len': ['error', { code: 140, ignoreUrls: true }] } },
)
