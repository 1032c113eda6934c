// Functions that the test programs share: rings, checks, and the account (a record of every request and its result).
//
// A program gets SQEs with sqe(), fills them with liburing's io_uring_prep_*, submits them with submit()
// and collects CQEs with reap(), reap_done() or reap_all(). Every request gets a unique user_data, and these functions
// record it in the account. finish() prints the account as one line of JSON, the truth (described in README.md).
#pragma once
#include "support/account.h"
#include "support/start.h"
#include "support/requests.h"
#include "support/truth.h"
#include "support/finish.h"
