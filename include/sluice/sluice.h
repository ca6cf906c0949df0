#pragma once
// Everything: #include <sluice/sluice.h>
#include "sluice/catalog.h"
#include "sluice/column.h"
#include "sluice/dataframe.h"
#include "sluice/error.h"
#include "sluice/functions.h"
#include "sluice/readwriter.h"
#include "sluice/row.h"
#include "sluice/session.h"
#include "sluice/stateful.h"
#include "sluice/streaming.h"
#include "sluice/types.h"
#include "sluice/value.h"
