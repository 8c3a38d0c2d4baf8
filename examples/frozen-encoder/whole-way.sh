#!/bin/sh
# The whole way on an encoder that others trained, which stays as it is: a world model on it, its numbers, a classifier, its
# export, and what it says of an image.
#
#   sh whole-way.sh ENCODER PHOTOS CLASSES OUT IMAGE [OPTION of pretrain …]
#   sh whole-way.sh hf:facebook/dinov2-small photos/ flowers/ runs rose.jpg --preset small
set -eu
encoder=$1 photos=$2 classes=$3 out=$4 image=$5
shift 5
npx iwm pretrain --encoder "$encoder" --data "$photos" --out "$out/world" "$@"
npx iwm evaluate "$out/world"
npx iwm adapt "$out/world" --data "$classes" --out "$out/classifier"
npx iwm export "$out/classifier" --out "$out/exported"
npx iwm classify "$out/classifier" "$image"
