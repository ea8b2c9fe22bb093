"""The painters of the built-in styles: motifs, marks, and a function for each technique."""
