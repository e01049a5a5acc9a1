/* Findings about what TDX and SGX quotes have in common: Intel's quoting enclaves, their PKI and
 * the collateral. The columns are explained in finding.h. Intel's documents are the DCAP quoting
 * library API, the PCK certificate profile, and the API of the provisioning certification service
 * (PCS). */
/* clang-format off */

/* --- the quote --- */
FINDING(DCAP_QUOTE_FORM, "dcap.quote.form", CRYPTO, ERROR,
        "the layout of the quote",
        "give the quote as the platform made it, in bytes, not as text",
        "Intel DCAP quoting library API, quote format")
FINDING(DCAP_QUOTE_TRAILING, "dcap.quote.trailing", POLICY, ERROR,
        "what follows the quote: nothing, or padding with zeros",
        "cut the evidence where the quote ends ({expected}); nobody signed what follows",
        "docs/attestation.md")
FINDING(DCAP_QUOTE_SIGNATURE, "dcap.quote.signature", CRYPTO, ERROR,
        "the signature of the quote by its attestation key",
        "the quote was changed after it was signed: ask for a new one",
        "Intel DCAP quoting library API, quote format; FIPS 186-4, section 6.4")

/* --- the quoting enclave --- */
FINDING(DCAP_QE_FORM, "dcap.qe.form", CRYPTO, ERROR,
        "the layout of the quoting enclave's report",
        "give the quote as the platform made it",
        "Intel DCAP quoting library API, enclave report body")
FINDING(DCAP_QE_KEY, "dcap.qe.key", CRYPTO, ERROR,
        "that the quoting enclave's report names the attestation key",
        "the key was put there by somebody else: ask for a new quote",
        "Intel DCAP quoting library API, QE report")
FINDING(DCAP_QE_SIGNATURE, "dcap.qe.signature", CRYPTO, ERROR,
        "the signature of the quoting enclave's report by the PCK",
        "the certificates are of another platform, or the report was changed: ask for a new quote",
        "Intel DCAP quoting library API, QE report signature")
FINDING(DCAP_QE_IDENTITY, "dcap.qe.identity", CRYPTO, ERROR,
        "the quoting enclave against the identity that Intel publishes",
        "have the platform quote with Intel's own quoting enclave, up to date",
        "Intel PCS, enclave identity")

/* --- certificates --- */
FINDING(DCAP_CHAIN_FORM, "dcap.chain.form", CRYPTO, ERROR,
        "the certificates in the quote: PCK, its authority, the root, in this order",
        "have the platform's quoting service provide the whole chain of the PCK",
        "Intel DCAP quoting library API, certification data of type 5")
FINDING(DCAP_CHAIN_NAME, "dcap.chain.name", CRYPTO, ERROR,
        "the names of the certificates in the quote",
        "have the platform's quoting service provide the chain as Intel serves it: {expected}",
        "Intel SGX PCK certificate and CRL profile")
FINDING(DCAP_CHAIN_ISSUER, "dcap.chain.issuer", CRYPTO, ERROR,
        "that issuers may issue",
        "use the certificates that Intel serves",
        "RFC 5280, sections 4.2.1.3, 4.2.1.9 and 6.1.4")
FINDING(DCAP_CHAIN_SIGNATURE, "dcap.chain.signature", CRYPTO, ERROR,
        "the signatures of the certificates",
        "use the certificates that Intel serves; signatures are ECDSA on P-256 with SHA-256, nothing else",
        "Intel SGX PCK certificate and CRL profile")
FINDING(DCAP_CHAIN_TIME, "dcap.chain.time", CRYPTO, ERROR,
        "the validity of the certificates",
        "fetch certificates that are valid now, or judge at the time the evidence was made (--time)",
        "RFC 5280, section 4.1.2.5")
FINDING(DCAP_ROOT_UNKNOWN, "dcap.root.unknown", CRYPTO, ERROR,
        "the key of the root certificate among the roots we trust",
        "Intel has one root for quotes; a root of your own must be named as trusted (--trust-root)",
        "Intel SGX PCK certificate and CRL profile")
FINDING(DCAP_ROOT_GIVEN, "dcap.root.given", CRYPTO, INFO,
        "the root is one that the caller trusts in place of Intel's",
        "nothing to mend, if that is what you want",
        "docs/attestation.md")
FINDING(DCAP_PCK_FORM, "dcap.pck.form", CRYPTO, ERROR,
        "the certificate of the PCK and its SGX extension",
        "have the platform's quoting service provide the certificate as Intel serves it",
        "Intel SGX PCK certificate and CRL profile, section 1.3.5")

/* --- revocation --- */
FINDING(DCAP_CRL_ABSENT, "dcap.crl.absent", POLICY, ERROR,
        "a revocation list that {expected} signed",
        "fetch the collateral ('cocos-cli ca-bundle TDX|SGX --report FILE') or give the list (--collateral, --crl), or waive \"crl\"",
        "Intel PCS, revocation lists")
FINDING(DCAP_CRL_SIGNATURE, "dcap.crl.signature", CRYPTO, ERROR,
        "the signature of the revocation list by its authority",
        "give the list as Intel's PCS serves it",
        "RFC 5280, section 6.3.3")
FINDING(DCAP_CRL_TIME, "dcap.crl.time", CRYPTO, ERROR,
        "the age of the revocation list",
        "fetch the present list, or judge at the time the evidence was made (--time); a stale list is not excused by waiving \"crl\"",
        "RFC 5280, section 6.3.3")
FINDING(DCAP_REVOKED, "dcap.crl.revoked", CRYPTO, ERROR,
        "that no certificate is revoked",
        "{got} was revoked by its issuer: the platform must be provisioned anew",
        "RFC 5280, section 6.3.3")

/* --- collateral --- */
FINDING(DCAP_COLLATERAL_FORM, "dcap.collateral.form", CRYPTO, ERROR,
        "what was given as {subject}",
        "give what Intel's PCS serves, or the JSON of dcap-qvl that holds all of it",
        "docs/attestation.md; Intel PCS")
FINDING(DCAP_SIGNER_ABSENT, "dcap.collateral.signer", CRYPTO, ERROR,
        "the certificate of the signer of the collateral, {expected}",
        "give the issuer chain that Intel's PCS sends with the document (--collateral or --chain)",
        "Intel PCS, TCB info issuer chain")
FINDING(DCAP_COLLATERAL_SIGNATURE, "dcap.collateral.signature", CRYPTO, ERROR,
        "the signature over the exact bytes of the document",
        "give the document byte for byte as Intel's PCS serves it; JSON that was written anew is not what was signed",
        "Intel PCS, TCB info and enclave identity")
FINDING(DCAP_COLLATERAL_TIME, "dcap.collateral.time", CRYPTO, ERROR,
        "the age of the document",
        "fetch the present collateral ('cocos-cli ca-bundle TDX|SGX --report FILE'), or judge at the time the evidence was made (--time); stale collateral is not excused by waiving \"collateral\"",
        "Intel PCS, issueDate and nextUpdate")
FINDING(DCAP_TCB_INFO_ABSENT, "dcap.tcb_info.absent", POLICY, ERROR,
        "the TCB info of the platform",
        "fetch the {expected} ('cocos-cli ca-bundle TDX|SGX --report FILE') or give it (--collateral), or waive \"collateral\" and accept platforms with known holes",
        "Intel PCS, TCB info")
FINDING(DCAP_TCB_INFO_OTHER, "dcap.tcb_info.other", CRYPTO, ERROR,
        "that the TCB info is about this platform",
        "give the {expected} from Intel's PCS (--collateral)",
        "Intel PCS, TCB info")
FINDING(DCAP_TCB_INFO_FORM, "dcap.tcb_info.form", CRYPTO, ERROR,
        "the content of the TCB info",
        "give the TCB info, version 3, as Intel's PCS serves it",
        "Intel PCS, TCB info")
FINDING(DCAP_TCB_LEVEL, "dcap.tcb.level", CRYPTO, ERROR,
        "the platform's TCB among the levels of the TCB info",
        "update the machine's firmware and microcode: Intel does not vouch for its TCB at all",
        "Intel PCS, TCB info")
FINDING(DCAP_QE_IDENTITY_ABSENT, "dcap.qe_identity.absent", POLICY, ERROR,
        "the identity of the quoting enclave",
        "fetch {expected} ('cocos-cli ca-bundle TDX|SGX --report FILE') or give it (--collateral), or waive \"collateral\"",
        "Intel PCS, enclave identity")
FINDING(DCAP_QE_IDENTITY_OTHER, "dcap.qe_identity.other", CRYPTO, ERROR,
        "that the QE identity is of this kind of quoting enclave",
        "give {expected} from Intel's PCS (--collateral)",
        "Intel PCS, enclave identity")
FINDING(DCAP_QE_IDENTITY_FORM, "dcap.qe_identity.form", CRYPTO, ERROR,
        "the content of the QE identity",
        "give the identity, version 2, as Intel's PCS serves it",
        "Intel PCS, enclave identity")
/* clang-format on */
