import heavier

answer = 42
