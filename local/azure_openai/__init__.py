"""An emulator of the Azure OpenAI video APIs that makes real, playable films. It knows no application."""
