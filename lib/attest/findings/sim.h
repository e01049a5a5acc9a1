/* Findings about simulated evidence. The columns are explained in finding.h. */
/* clang-format off */
FINDING(SIM_SIMULATED, "sim.simulated", POLICY, WARNING,
        "hardware that stands behind the evidence",
        "for anything but a test, run the workload on a machine whose platform can be attested",
        "docs/attestation.md, Simulated evidence")
FINDING(SIM_FORM, "sim.form", CRYPTO, ERROR,
        "the layout of the simulated report",
        "give the report as the agent's sim platform made it",
        "docs/attestation.md, Simulated evidence")
FINDING(SIM_ROOT, "sim.root", CRYPTO, ERROR,
        "a test root, named by the policy, for evidence that is SIMULATED and protects nothing",
        "use a real platform; for a test, put the public key of the test root into sim.root",
        "docs/attestation.md, Simulated evidence")
FINDING(SIM_SIGNATURE, "sim.signature", CRYPTO, ERROR,
        "the signature of the simulated report by the root in sim.root",
        "give the report unchanged, and the public key of the test root that signed it",
        "docs/attestation.md, Simulated evidence")
FINDING(SIM_REPORT_DATA, "sim.report_data", POLICY, ERROR,
        "the report data, all 64 bytes",
        "ask for a new report with {expected} as its report data; this one answers another question",
        "docs/attestation.md, Simulated evidence")
/* clang-format on */
