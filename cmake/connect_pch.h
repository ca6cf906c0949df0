// Precompiled into src/server/connect beside pch.h: 90 s of compile otherwise.
#include "server/connect/wire.h"  // before the service

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>
#include <spark/connect/base.grpc.pb.h>
