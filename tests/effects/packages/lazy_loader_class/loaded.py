import waiting

waiting.heavy.answer
