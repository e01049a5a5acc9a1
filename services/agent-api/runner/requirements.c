#include "services/agent-api/runner/requirements.h"

#include "lib/base/text.h"

#include <ctype.h>
#include <dirent.h>
#include <glob.h>
#include <stdio.h>

#define WORD_MAX 200

const char *const requirements_globs[] = {
    "/usr/lib/python3/dist-packages",
    "/usr/lib/python3.*/dist-packages",
    "/usr/local/lib/python3.*/dist-packages",
    "/usr/local/lib/python3.*/site-packages",
    NULL,
};

struct requirement {
    char name[WORD_MAX];    /* normalised */
    char version[WORD_MAX]; /* "": any */
};

/* PEP 503: lower case, and runs of '-', '_' and '.' are one '-'. */
static void normalise(const char *from, size_t length, char out[static WORD_MAX])
{
    size_t used = 0;

    for (size_t i = 0; i < length && used < WORD_MAX - 1; i++) {
        bool separator = strchr("-_.", from[i]) != NULL;

        if (!separator)
            out[used++] = (char)tolower((unsigned char)from[i]);
        else if (used > 0 && out[used - 1] != '-')
            out[used++] = '-';
    }
    out[used] = '\0';
}

/* "name" or "name==version" without blanks around it; false for anything else. */
static bool parse_line(const char *line, struct requirement *ret)
{
    static const char word[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+!";
    size_t name = strspn(line, word);
    const char *rest = line + name + strspn(line + name, " \t");

    *ret = (struct requirement){"", ""};
    if (name == 0 || name >= WORD_MAX || line[0] == '-')
        return false;
    normalise(line, name, ret->name);
    if (*rest == '\0')
        return true;
    if (!text_starts_with(rest, "=="))
        return false;
    rest += 2 + strspn(rest + 2, " \t");
    if (*rest == '\0' || strlen(rest) >= WORD_MAX || strspn(rest, word) != strlen(rest))
        return false;
    snprintf(ret->version, sizeof(ret->version), "%s", rest);
    return true;
}

/* "scikit_learn-1.2.1.dist-info" against a requirement; also ".egg-info" as Debian has it. */
static bool entry_meets(const char *entry, const struct requirement *requirement)
{
    const char *dash = strchr(entry, '-');
    size_t length = strlen(entry);
    char name[WORD_MAX], version[WORD_MAX];

    if (text_ends_with(entry, ".dist-info"))
        length -= strlen(".dist-info");
    else if (text_ends_with(entry, ".egg-info"))
        length -= strlen(".egg-info");
    else
        return false;
    if (dash == NULL || dash >= entry + length)
        return false;

    normalise(entry, (size_t)(dash - entry), name);
    snprintf(version, sizeof(version), "%.*s", (int)(entry + length - dash - 1), dash + 1);
    if (strstr(version, "-py") != NULL)
        *strstr(version, "-py") = '\0';
    return strcmp(name, requirement->name) == 0 &&
           (requirement->version[0] == '\0' || strcmp(version, requirement->version) == 0);
}

static bool directory_has(const char *path, const struct requirement *requirement)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bool found = false;

    if (dir == NULL)
        return false;
    while (!found && (entry = readdir(dir)) != NULL)
        found = entry_meets(entry->d_name, requirement);
    closedir(dir);
    return found;
}

static bool is_installed(const char *const globs[], const struct requirement *requirement)
{
    bool found = false;

    for (size_t i = 0; !found && globs[i] != NULL; i++) {
        glob_t paths = {0};

        if (glob(globs[i], 0, NULL, &paths) == 0)
            for (size_t k = 0; !found && k < paths.gl_pathc; k++)
                found = directory_has(paths.gl_pathv[k], requirement);
        globfree(&paths);
    }
    return found;
}

/* Cuts the comment and the blanks around a line. */
static char *trim(char *line)
{
    char *comment = strchr(line, '#');
    size_t length;

    if (comment != NULL && (comment == line || comment[-1] == ' ' || comment[-1] == '\t'))
        *comment = '\0';
    line += strspn(line, " \t\r");
    length = strlen(line);
    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        line[--length] = '\0';
    return line;
}

int requirements_check(struct span text, const char *const globs[], size_t *ret_missing,
                       struct buf *log, struct err *err)
{
    OWNED(free_str) char *copy = mem_copy(text.data, text.len);
    char *line, *rest = NULL;
    size_t missing = 0;

    if (!text_is_utf8(text) || strlen(copy) != text.len)
        return err_set(err, ERR_INPUT, "the requirements are no text");
    for (line = strtok_r(copy, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        struct requirement requirement;
        bool understood;

        line = trim(line);
        if (*line == '\0')
            continue;
        understood = parse_line(line, &requirement);
        if (understood && is_installed(globs, &requirement))
            continue;
        missing++;
        buf_add_str(log, "requirement '");
        text_add_printable(log, span_of_str(line), WORD_MAX);
        buf_add_str(log, understood ? "' is not in this image\n"
                                    : "' cannot be checked here: only name or name==version can\n");
    }
    *ret_missing = missing;
    return 0;
}
