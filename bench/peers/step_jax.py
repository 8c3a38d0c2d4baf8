"""The step of step.py in JAX: one jitted function from pixels to new weights, all state donated.

Started by race.ts with the same configuration and the same lines; see step.py.
"""
import functools
import json
import math
import sys

import jax
import jax.numpy as jnp
import numpy as np

from serve import serve

config = json.loads(sys.stdin.readline())
size, stored, patch = config["size"], config["stored"], config["patch"]
side = size // patch
batch, augment, sizes = config["batch"], config["augmentation"], config["model"]
MEAN, STD = (np.array(config["normalisation"][k], np.float32).reshape(1, 3, 1, 1) for k in ("mean", "std"))
LUMA = np.array([.2989, .587, .114], np.float32).reshape(1, 3, 1, 1)
SHIFT = np.array([5, 3, 1], np.float32).reshape(1, 3, 1, 1)
NAMES = ["brightness", "contrast", "saturation", "hue"]
STRENGTH = np.array([augment["jitter"][n] for n in NAMES], np.float32)
IDENTITY = np.array([1, 1, 1, 0], np.float32)
random = np.random.default_rng(0)


def sine_cosine(width):
    places = np.arange(side)
    angles = np.outer(places, 1 / 10000 ** (np.arange(width // 4) / (width / 4)))
    one = np.concatenate([np.sin(angles), np.cos(angles)], 1)
    return np.concatenate([np.tile(one, (side, 1)), np.repeat(one, side, 0)], 1).astype(np.float32)


def linear_weights(inputs, outputs):
    bound = 1 / math.sqrt(inputs)
    return {"w": random.uniform(-bound, bound, (inputs, outputs)).astype(np.float32),
            "b": np.zeros(outputs, np.float32)}


def norm_weights(width):
    return {"scale": np.ones(width, np.float32), "bias": np.zeros(width, np.float32)}


def block_weights(width):
    return {"norm1": norm_weights(width), "norm2": norm_weights(width),
            "qkv": linear_weights(width, 3 * width), "proj": linear_weights(width, width),
            "fc1": linear_weights(width, 4 * width), "fc2": linear_weights(4 * width, width)}


def encoder_weights(depth, width, **_):
    return {"patch": linear_weights(3 * patch ** 2, width), "norm": norm_weights(width),
            "blocks": [block_weights(width) for _ in range(depth)]}


def predictor_weights(depth, width, encoder, **_):
    return {"embed": linear_weights(encoder, width),
            "mask": (random.standard_normal((1, 1, width)) * .02).astype(np.float32),
            "mix": [linear_weights(n, width) for n in (width + 7, width, width)],
            "blocks": [block_weights(width) for _ in range(depth)],
            "norm": norm_weights(width), "out": linear_weights(width, encoder)}


def linear(p, x):
    return x @ p["w"] + p["b"]


def standardise(x):
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-6)


def norm(p, x):
    return standardise(x) * p["scale"] + p["bias"]


def block(p, x, heads):
    b, n, d = x.shape
    q, k, v = jnp.moveaxis(linear(p["qkv"], norm(p["norm1"], x)).reshape(b, n, 3, heads, d // heads), 2, 0)
    x = x + linear(p["proj"], jax.nn.dot_product_attention(q, k, v).reshape(b, n, d))
    return x + linear(p["fc2"], jax.nn.gelu(linear(p["fc1"], norm(p["norm2"], x)), approximate=False))


def take(tokens, places):
    return jnp.take_along_axis(tokens, places[..., None], 1)


def encode(p, images, visible=None):
    x = images.reshape(-1, 3, side, patch, side, patch).transpose(0, 2, 4, 1, 3, 5)
    x = x.reshape(len(images), side ** 2, -1)
    places = jnp.asarray(sine_cosine(sizes["encoder"]["width"]))
    if visible is not None:
        x, places = take(x, visible), places[visible]
    x = linear(p["patch"], x) + places
    for weights in p["blocks"]:
        x = block(weights, x, sizes["encoder"]["heads"])
    return norm(p["norm"], x)


def predict(p, context, action, visible, predicted):
    places = jnp.asarray(sine_cosine(sizes["predictor"]["width"]))
    queries = p["mask"] + places[predicted]
    told = jnp.broadcast_to(action[:, None], (*queries.shape[:2], action.shape[1]))
    queries = jnp.concatenate([queries, told], -1)
    for i, weights in enumerate(p["mix"]):
        queries = linear(weights, queries if i == 0 else jax.nn.relu(queries))
    x = jnp.concatenate([linear(p["embed"], context) + places[visible], queries], 1)
    for weights in p["blocks"]:
        x = block(weights, x, sizes["predictor"]["heads"])
    return linear(p["out"], norm(p["norm"], x[:, -queries.shape[1]:]))


def grey(x):
    return (x * LUMA).sum(1, keepdims=True)


def blend(x, other, factor):
    return jnp.clip(x * factor + other * (1 - factor), 0, 1)


def hue(x, shift):
    red, green, blue = jnp.split(x, 3, 1)
    top = x.max(1, keepdims=True)
    spread = top - x.min(1, keepdims=True)
    is_red, is_green = red == top, green == top
    difference = jnp.where(is_red, green - blue, jnp.where(is_green, blue - red, red - green))
    sector = jnp.where(is_red, 0., jnp.where(is_green, 2., 4.))
    k = sector + difference / jnp.where(spread == 0, 1., spread) + shift * 6 + SHIFT
    k = k - jnp.floor(k / 6) * 6
    return top - spread * jnp.clip(jnp.minimum(k, 4 - k), 0, 1)


def jitter(x, numbers):
    brightness, contrast, saturation, turn = (numbers[:, i, None, None, None] for i in range(4))
    x = jnp.clip(x * brightness, 0, 1)
    x = blend(x, grey(x).mean((2, 3), keepdims=True), contrast)
    return hue(blend(x, grey(x), saturation), turn)


def resize_matrix(start, length, flip):
    """Pillow's bilinear filter as a matrix, [B, size, stored]."""
    sample = np.arange(size, dtype=np.float32)
    sample = np.where(flip[:, None], size - 1 - sample, sample)
    scale = (length / size)[:, None]
    center = start[:, None] + (sample + .5) * scale
    weights = 1 - np.abs((np.arange(stored) - center[..., None] + .5) / np.maximum(scale, 1)[..., None])
    weights = np.maximum(weights, 0)
    return (weights / weights.sum(-1, keepdims=True)).astype(np.float32)


TAPS = config["blurKernel"]
REFLECT = np.zeros((TAPS, size, size), np.float32)
for row in range(size):
    for tap in range(TAPS):
        pixel = abs(row + tap - TAPS // 2)
        REFLECT[tap, row, pixel if pixel < size else 2 * (size - 1) - pixel] = 1


def blur_matrix(sigma):
    weights = jnp.exp(-.5 * ((jnp.arange(TAPS) - TAPS // 2) / sigma[:, None]) ** 2)
    return jnp.einsum("bt,tij->bij", weights / weights.sum(1, keepdims=True), REFLECT)


def uniform(*shape):
    return random.random(shape, np.float32)


def sample_numbers():
    on = (uniform(batch, 1) < augment["jitter"]["probability"]).astype(np.float32)
    return IDENTITY + on * (uniform(batch, 4) * 2 - 1) * STRENGTH * np.float32(augment["strength"])


def sample_views():
    scale, ratio = augment["crop"]["scale"], [math.log(r) for r in augment["crop"]["ratio"]]
    area = stored ** 2 * (scale[0] + (scale[1] - scale[0]) * uniform(batch))
    aspect = np.exp(ratio[0] + (ratio[1] - ratio[0]) * uniform(batch))
    width, height = (np.clip(np.round(np.sqrt(area * r)), 1, stored) for r in (aspect, 1 / aspect))
    top, left = (np.floor(uniform(batch) * (stored - n + 1)) for n in (height, width))
    rows = resize_matrix(top, height, np.zeros(batch, bool))
    columns = resize_matrix(left, width, uniform(batch) < augment["crop"]["flip"])
    chances = np.array([augment["grayscale"], augment["blur"]["probability"], augment["solarize"]], np.float32)
    low, high = augment["blur"]["sigma"]
    flags = (uniform(batch, 3) < chances).astype(np.float32)
    return rows, columns, sample_numbers(), sample_numbers(), flags, low + (high - low) * uniform(batch)


def make_views(images, rows, columns, source, target, flags, sigma):
    x = rows[:, None] @ (images.astype(jnp.float32) / 255) @ columns[:, None].mT
    to, x = jitter(x, target), jitter(x, source)
    gray, blurred, solarized = (flags[:, i, None, None, None] for i in range(3))
    kernel = blur_matrix(sigma)
    x = jnp.where(gray > .5, grey(x), x)
    x = jnp.where(blurred > .5, kernel[:, None] @ x @ kernel[:, None].mT, x)
    x = jnp.where((solarized > .5) & (x >= .5), 1 - x, x)
    return (x - MEAN) / STD, (to - MEAN) / STD, jnp.concatenate([(target - source) / STRENGTH, flags], 1)


def cast(tree):
    """For bfloat16: the forward pass and its gradients in half, the weights kept whole."""
    return jax.tree.map(lambda x: x.astype(jnp.bfloat16), tree) if config["bfloat16"] else tree


def objective(weights, target, seen, goal, action, visible, predicted):
    wanted = take(encode(cast(target), cast(goal)), predicted).astype(jnp.float32)
    half = cast(weights)
    answers = predict(half["predictor"], encode(half["encoder"], cast(seen), visible), cast(action), visible, predicted)
    return ((answers.astype(jnp.float32) - standardise(wanted)) ** 2).mean()


@functools.partial(jax.jit, donate_argnums=0)
def update(state, images, views, visible, predicted):
    weights, target, first, second, count = state
    seen, goal, action = make_views(images, *views)
    loss, gradients = jax.value_and_grad(objective)(weights, target, seen, goal, action, visible, predicted)
    length = jnp.sqrt(sum((g * g).sum() for g in jax.tree.leaves(gradients)))
    gradients = jax.tree.map(lambda g: g * jnp.minimum(1, config["clip"] / (length + 1e-6)), gradients)
    beta1, beta2 = config["betas"]
    count = count + 1
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradients)

    def move(w, m, v):
        decay = config["weightDecay"] if w.squeeze().ndim > 1 else 0
        change = (m / (1 - beta1 ** count)) / (jnp.sqrt(v / (1 - beta2 ** count)) + 1e-8)
        return w - config["learningRate"] * (change + decay * w)

    weights = jax.tree.map(move, weights, first, second)
    mix = 1 - config["momentum"]
    target = jax.tree.map(lambda a, w: a + mix * (w - a), target, weights["encoder"])
    return (weights, target, first, second, count), loss


encoder = encoder_weights(**sizes["encoder"])
weights = {"encoder": encoder,
           "predictor": predictor_weights(**sizes["predictor"], encoder=sizes["encoder"]["width"])}
zeros = functools.partial(jax.tree.map, np.zeros_like)
state = jax.device_put((weights, jax.tree.map(np.copy, encoder), zeros(weights), zeros(weights), np.float32(0)))
images = random.integers(0, 256, (1024, 3, stored, stored), np.uint8)
masks = np.array(config["masks"])


def step():
    global state
    chosen = masks[random.integers(0, len(masks), batch)]
    visible = config["visible"]
    state, loss = update(state, images[random.integers(0, len(images), batch)], sample_views(),
                         chosen[:, :visible], chosen[:, visible:])
    return loss.item()


serve(step, jax.__version__)
