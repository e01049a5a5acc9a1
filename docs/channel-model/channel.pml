/* The attested channel as a model for spin: who can be at the other end when a client sends its
 * secret. README.md says what is in it and what is not; `check` runs it.
 *
 * What is taken out, one at a time, to see that it is needed:
 *   NO_EXPORTER NO_SPKI NO_NONCE NO_MANIFEST   a field of the transcript, or of what is compared
 *   NO_HOOK                                    the look at the connection before each request
 *   SANITY                                     no property holds: the secret is sent at all */

#define AGENT  1 /* genuine, with the manifest that the client agreed to */
#define OTHER  2 /* genuine, with another one */
#define RELAY  3 /* hostile: client, server and network */

#define MANIFEST(who) (who) /* each agent has one of its own */

#define NONCES   3 /* of the client: it may attest so often */
#define KEPT     3 /* pieces of evidence that the relay remembers */
#define OLD      9 /* a nonce that is nobody's any more */
#define EXPORTER_OF(who) (who) /* of the relay's own sessions with the agents */

/* Evidence: what a platform signed. Nobody else can make one, everybody can carry it. */
typedef Evidence {
    byte nonce, exporter, spki, manifest;
    bool genuine
};

/* The client's end of its present session: who holds the other end (which it cannot see), the key
 * that was shown there, and what both ends export. */
typedef Session {
    byte end, spki, exporter
};

Session session;
byte exporters = 10; /* fresh ones are numbered from here */
byte nonces = 0;     /* those that the client used, 1 to NONCES */
Evidence kept[KEPT];
byte count = 0;
bool sent = false;

chan question = [0] of { byte, byte };                /* to whom, nonce */
chan answer = [0] of { byte, byte, byte, byte, bool }; /* the fields of Evidence */

/* An agent's platform signs the session in which it is asked. */
inline sign(who, n, x, to) {
    to.nonce = n;
    to.exporter = x;
    to.spki = who;
    to.manifest = MANIFEST(who);
    to.genuine = true
}

/* The network is the relay's: it decides where a connection ends. It may hold the agent's TLS key
 * (then it shows that key), or bring both its sessions to one exporter (as the triple handshake did
 * in TLS 1.2); who can do both at once has broken TLS for good. */
inline connect() {
    atomic {
        session.exporter = exporters;
        exporters++;
        if
        :: session.end = AGENT; session.spki = AGENT
        :: session.end = OTHER; session.spki = OTHER
        :: session.end = RELAY; session.spki = RELAY
        :: session.end = RELAY; session.spki = AGENT
        :: session.end = RELAY; session.spki = RELAY; session.exporter = EXPORTER_OF(AGENT)
        :: session.end = RELAY; session.spki = RELAY; session.exporter = EXPORTER_OF(OTHER)
        fi
    }
}

/* lib/httpc/channel.c and transcript_case.c */
inline judge(e, n, ok) {
    ok = e.genuine;
#ifndef NO_NONCE
    ok = ok && e.nonce == n;
#endif
#ifndef NO_EXPORTER
    ok = ok && e.exporter == session.exporter;
#endif
#ifndef NO_SPKI
    ok = ok && e.spki == session.spki;
#endif
#ifndef NO_MANIFEST
    ok = ok && e.manifest == MANIFEST(AGENT)
#endif
}

active proctype Client() {
    Evidence e;
    byte attested = 0; /* the exporter of the session that was accepted */
    bool ok = false;

    connect();
attest:
    if
    :: nonces == NONCES -> goto end
    :: else -> nonces++
    fi;
    question ! session.end, nonces;
    answer ? e.nonce, e.exporter, e.spki, e.manifest, e.genuine;
    judge(e, nonces, ok);
    if
    :: !ok -> goto end
    :: else -> attested = session.exporter
    fi;

    /* Between evidence and upload the connection may be gone, and another one be there. */
    if
    :: connect()
    :: skip
    fi;
#ifndef NO_HOOK
    if
    :: session.exporter != attested -> goto attest
    :: else
    fi;
#endif
    sent = true;
#ifdef SANITY
    assert(false);
#else
    assert(session.end == AGENT);
#endif
end:
    skip
}

/* An agent that the client reached itself. */
active [2] proctype Agent() {
    byte who = _pid, n;
    Evidence e;

end:
    do
    :: question ? eval(who), n ->
        sign(who, n, session.exporter, e);
        answer ! e.nonce, e.exporter, e.spki, e.manifest, e.genuine
    od
}

/* Keeps evidence from before (any nonce but ours), asks agents in its own sessions with every nonce
 * it knows, and answers a client with whatever it has, or with something that nobody signed. */
inline ask_agent(who, n) {
    count < KEPT;
    sign(who, n, EXPORTER_OF(who), kept[count]);
    count++
}

active proctype Relay() {
    byte n, i;

    do
    :: atomic { ask_agent(AGENT, OLD) }
    :: atomic { ask_agent(OTHER, OLD) }
    :: break
    od;
end:
    do
    :: question ? RELAY, n ->
        do
        :: atomic { ask_agent(AGENT, n) }
        :: atomic { ask_agent(OTHER, n) }
        :: break
        od;
        if
        :: answer ! n, session.exporter, session.spki, MANIFEST(AGENT), false
        :: count > 0 -> i = 0;
            do
            :: i + 1 < count -> i++
            :: answer ! kept[i].nonce, kept[i].exporter, kept[i].spki, kept[i].manifest,
                   kept[i].genuine; break
            od
        fi
    od
}
