/* Python requirements, where there is no network to fetch them from: a file of lines is met when
 * each names a distribution that this image has. A line is "name" or "name==version"; blank lines
 * and comments are fine. Everything else that pip knows (ranges, URLs, options) cannot be promised
 * here and counts as not met. A program that needs more brings it along as a zip application. */
#ifndef COCOS_AGENT_RUNNER_REQUIREMENTS_H
#define COCOS_AGENT_RUNNER_REQUIREMENTS_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#define REQUIREMENTS_MAX (1 * MIB)

/* Checks the text against the distributions in the directories matching these globs (a NULL-
 * terminated list). *ret_missing counts the lines that are not met; a line about each is added to
 * log. Errors: INPUT (not UTF-8). */
MUST_USE int requirements_check(struct span text, const char *const globs[], size_t *ret_missing,
                                struct buf *log, struct err *err);

/* Where Debian's Python looks. */
extern const char *const requirements_globs[];

#endif
