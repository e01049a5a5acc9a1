/* Who may ask: bearer tokens, of which only the SHA-256 is kept.
 *
 * tokens.json in the state directory holds {name, role, owner, sha256} each; admin.token holds the
 * first administrator's token itself. A VM belongs to the owner of the token that made it, so that
 * one person can have several tokens, one for watching only, say. The files are read again when
 * they change, so a token is added and taken away while the manager runs. */
#ifndef COCOS_MANAGER_TOKENS_H
#define COCOS_MANAGER_TOKENS_H

#include "lib/api/op.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"

#define TOKENS_FILE       "tokens.json"
#define TOKENS_ADMIN_FILE "admin.token"
#define TOKENS_ADMIN_NAME "admin"
#define TOKENS_MAX        1000
#define TOKEN_NAME_SIZE   64

enum token_role { TOKEN_VIEWER, TOKEN_OPERATOR, TOKEN_ADMIN, TOKEN_ROLE_COUNT };
extern const char *const token_role_names[]; /* "viewer" "operator" "admin", NULL-terminated */

/* Whose token it was. */
struct token_holder {
    char name[TOKEN_NAME_SIZE];
    char owner[TOKEN_NAME_SIZE];
    enum token_role role;
};

struct tokens;

/* Reads the files. Errors: SYSTEM, MALFORMED, INPUT. */
MUST_USE int tokens_open(const char *state_dir, struct tokens **ret, struct err *err);
void tokens_free(struct tokens *tokens);

/* How many there are besides admin.token. */
size_t tokens_count(struct tokens *tokens);

/* Whose token this is; the time it takes does not depend on it. Thread-safe. Errors:
 * UNAUTHENTICATED. */
MUST_USE int tokens_find(struct tokens *tokens, struct span token, struct token_holder *ret,
                         struct err *err);

/* 0 when the role suffices for the operation; else FORBIDDEN. */
MUST_USE int tokens_check_role(const struct token_holder *holder, const struct api_op *op,
                               struct err *err);

/* A fresh token, appended. */
void tokens_make(struct buf *out);

/* The commands of the program. add prints the token through ret_token, the only time it is seen.
 * Errors: INPUT (name, role), STATE (the name is taken), NOT_FOUND, TOO_MANY. */
MUST_USE int tokens_add(const char *state_dir, const char *name, const char *role,
                        const char *owner, struct buf *ret_token, struct err *err);
MUST_USE int tokens_remove(const char *state_dir, const char *name, struct err *err);
/* One line each: name, role, owner. */
MUST_USE int tokens_list(const char *state_dir, struct buf *out, struct err *err);

#endif
