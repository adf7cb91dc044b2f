from moves.renamed.parsing import parse
