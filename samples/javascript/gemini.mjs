// Gemini generateContent.
import { GoogleGenAI } from '@google/genai';

const url = process.env.GATEWAY_URL ?? 'http://127.0.0.1:7071';
const client = new GoogleGenAI({ apiKey: process.env.GATEWAY_KEY ?? 'unused', httpOptions: { baseUrl: `${url}/gemini` } });

console.log((await client.models.generateContent({ model: process.env.MODEL ?? 'demo', contents: 'Say hello.' })).text);
