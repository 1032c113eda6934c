// Shared by the test programs: rings, checks, and the account of what really happened.
//
// A program gets SQEs with sqe(), fills them with liburing's io_uring_prep_*, submits them with submit()
// and collects CQEs with reap(), reap_done() or reap_all(). Every request gets a unique user_data and is
// recorded here, so that finish() can print the truth as one line of JSON (README.md describes it).
#pragma once
#include "support/account.h"
#include "support/start.h"
#include "support/requests.h"
#include "support/truth.h"
#include "support/finish.h"
