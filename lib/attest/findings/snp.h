/* Findings about AMD SEV-SNP reports, certificates and their policy. The columns are explained in
 * finding.h. "ABI" is AMD 56860, the SEV-SNP firmware ABI; "VCEK" is AMD 57230. */
