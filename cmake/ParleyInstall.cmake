# Install rules: the exported targets, the headers and the package files.
