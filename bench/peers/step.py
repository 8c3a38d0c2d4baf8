"""The same pretraining step in PyTorch: views, encoders, predictor, loss, gradients, clipping, AdamW, moving average.

Started by race.ts and accelerator.ts. The first line on standard input is a JSON configuration, answered by "ready" after the first step;
each further line asks for that many steps and is answered with their milliseconds.
"""
import json
import math
import sys

import torch
import torch.nn.functional as F
from torch import nn

from serve import serve

config = json.loads(sys.stdin.readline())
compiled, half, device = config["compile"], config["bfloat16"], config["device"]
if device != "cpu":
    # Only then: it makes every call slower.
    torch.set_default_device(device)
torch.set_num_threads(config["threads"])
torch.set_flush_denormal(True)
torch.manual_seed(0)
size, stored, patch = config["size"], config["stored"], config["patch"]
side = size // patch
batch, augment = config["batch"], config["augmentation"]
MEAN, STD = (torch.tensor(config["normalisation"][k]).view(1, 3, 1, 1) for k in ("mean", "std"))
LUMA = torch.tensor([.2989, .587, .114]).view(1, 3, 1, 1)
SHIFT = torch.tensor([5., 3., 1.]).view(1, 3, 1, 1)
NAMES = ["brightness", "contrast", "saturation", "hue"]
STRENGTH = torch.tensor([augment["jitter"][n] for n in NAMES])
IDENTITY = torch.tensor([1., 1., 1., 0.])


def sine_cosine(width):
    places = torch.arange(side, dtype=torch.float64)
    angles = torch.outer(places, 1 / 10000 ** (torch.arange(width // 4) / (width / 4)))
    one = torch.cat([angles.sin(), angles.cos()], 1)
    return torch.cat([one.repeat(side, 1), one.repeat_interleave(side, 0)], 1).float()


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, n, d))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


def take(tokens, places):
    return torch.gather(tokens, 1, places[..., None].expand(-1, -1, tokens.shape[-1]))


class Encoder(nn.Module):
    def __init__(self, depth, width, heads, **_):
        super().__init__()
        self.patch = nn.Linear(3 * patch ** 2, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.register_buffer("positions", sine_cosine(width))

    def forward(self, images, visible=None):
        x = images.reshape(-1, 3, side, patch, side, patch).permute(0, 2, 4, 1, 3, 5).reshape(len(images), side ** 2, -1)
        places = self.positions
        if visible is not None:
            x, places = take(x, visible), places[visible]
        x = self.patch(x) + places
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Predictor(nn.Module):
    """With feature conditioning."""
    def __init__(self, depth, width, heads, encoder, **_):
        super().__init__()
        self.embed = nn.Linear(encoder, width)
        self.mask = nn.Parameter(torch.randn(1, 1, width) * .02)
        self.mix = nn.Sequential(
            nn.Linear(width + 7, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm, self.out = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, encoder)
        self.register_buffer("positions", sine_cosine(width))

    def forward(self, context, action, visible, predicted):
        queries = self.mask + self.positions[predicted]
        queries = self.mix(torch.cat([queries, action[:, None].expand(-1, queries.shape[1], -1)], -1))
        x = torch.cat([self.embed(context) + self.positions[visible], queries], 1)
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x[:, -queries.shape[1]:]))


def grey(x):
    return (x * LUMA).sum(1, True)


def blend(x, other, factor):
    return (x * factor + other * (1 - factor)).clamp(0, 1)


def hue(x, shift):
    red, green, blue = x.split(1, 1)
    top = x.amax(1, True)
    spread = top - x.amin(1, True)
    is_red, is_green = red == top, green == top
    difference = torch.where(is_red, green - blue, torch.where(is_green, blue - red, red - green))
    sector = torch.where(is_red, 0., torch.where(is_green, 2., 4.))
    k = sector + difference / torch.where(spread == 0, 1., spread) + shift * 6 + SHIFT
    k = k - (k / 6).floor() * 6
    return top - spread * torch.minimum(k, 4 - k).clamp(0, 1)


def jitter(x, numbers):
    brightness, contrast, saturation, turn = numbers[:, :, None, None, None].unbind(1)
    x = (x * brightness).clamp(0, 1)
    x = blend(x, grey(x).mean((2, 3), True), contrast)
    return hue(blend(x, grey(x), saturation), turn)


def resize_matrix(start, length, flip):
    """Pillow's bilinear filter as a matrix, [B, size, stored]."""
    sample = torch.arange(size).float()
    sample = torch.where(flip[:, None], size - 1 - sample, sample)
    scale = (length / size)[:, None]
    center = start[:, None] + (sample + .5) * scale
    weights = 1 - ((torch.arange(stored) - center[..., None] + .5) / scale.clamp(min=1)[..., None]).abs()
    weights = weights.clamp(min=0)
    return weights / weights.sum(-1, True)


TAPS = config["blurKernel"]
REFLECT = torch.zeros(TAPS, size, size)
for row in range(size):
    for tap in range(TAPS):
        pixel = abs(row + tap - TAPS // 2)
        REFLECT[tap, row, pixel if pixel < size else 2 * (size - 1) - pixel] = 1


def blur_matrix(sigma):
    weights = torch.exp(-.5 * ((torch.arange(TAPS) - TAPS // 2) / sigma[:, None]) ** 2)
    return torch.einsum("bt,tij->bij", weights / weights.sum(1, True), REFLECT)


def sample_numbers():
    on = (torch.rand(batch, 1) < augment["jitter"]["probability"]).float()
    return IDENTITY + on * (torch.rand(batch, 4) * 2 - 1) * STRENGTH * augment["strength"]


def sample_views():
    scale, ratio = augment["crop"]["scale"], [math.log(r) for r in augment["crop"]["ratio"]]
    area = stored ** 2 * (scale[0] + (scale[1] - scale[0]) * torch.rand(batch))
    aspect = (ratio[0] + (ratio[1] - ratio[0]) * torch.rand(batch)).exp()
    width, height = ((area * r).sqrt().round().clamp(1, stored) for r in (aspect, 1 / aspect))
    top, left = ((torch.rand(batch) * (stored - n + 1)).floor() for n in (height, width))
    rows = resize_matrix(top, height, torch.zeros(batch, dtype=torch.bool))
    columns = resize_matrix(left, width, torch.rand(batch) < augment["crop"]["flip"])
    chances = torch.tensor([augment["grayscale"], augment["blur"]["probability"], augment["solarize"]])
    low, high = augment["blur"]["sigma"]
    return rows, columns, sample_numbers(), sample_numbers(), (torch.rand(batch, 3) < chances).float(), blur_matrix(
        low + (high - low) * torch.rand(batch))


def make_views(images, rows, columns, source, target, flags, kernel):
    x = rows[:, None] @ images @ columns[:, None].mT
    to, x = jitter(x, target), jitter(x, source)
    gray, blurred, solarized = flags[:, :, None, None, None].unbind(1)
    x = torch.where(gray > .5, grey(x).expand_as(x), x)
    x = torch.where(blurred > .5, kernel[:, None] @ x @ kernel[:, None].mT, x)
    x = torch.where((solarized > .5) & (x >= .5), 1 - x, x)
    return (x - MEAN) / STD, (to - MEAN) / STD, torch.cat([(target - source) / STRENGTH, flags], 1)


sizes = config["model"]
encoder, target = Encoder(**sizes["encoder"]), Encoder(**sizes["encoder"])
target.load_state_dict(encoder.state_dict())
target.requires_grad_(False)
predictor = Predictor(**sizes["predictor"], encoder=sizes["encoder"]["width"])
parameters = [*encoder.parameters(), *predictor.parameters()]
matrices, vectors = ([p for p in parameters if (p.squeeze().dim() > 1) == wanted] for wanted in (True, False))
optimiser = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": config["weightDecay"]}, {"params": vectors, "weight_decay": 0}],
    lr=config["learningRate"], betas=config["betas"], fused=True)
averages, news = list(target.parameters()), list(encoder.parameters())


def objective(images, rows, columns, source, to, flags, kernel, visible, predicted):
    seen, goal, action = make_views(images, rows, columns, source, to, flags, kernel)
    with torch.autocast(device, torch.bfloat16, enabled=half):
        with torch.no_grad():
            wanted = take(target(goal), predicted)
        answers = predictor(encoder(seen, visible), action, visible, predicted)
    return F.mse_loss(answers.float(), F.layer_norm(wanted.float(), wanted.shape[-1:], eps=1e-6))


loss_of = torch.compile(objective) if compiled else objective
images = torch.randint(0, 256, (1024, 3, stored, stored), dtype=torch.uint8)
masks = torch.tensor(config["masks"])


def step():
    chosen = masks[torch.randint(len(masks), (batch,))]
    pixels = images[torch.randint(len(images), (batch,))].float() / 255
    seen = config["visible"]
    loss = loss_of(pixels, *sample_views(), chosen[:, :seen], chosen[:, seen:])
    optimiser.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(parameters, config["clip"])
    optimiser.step()
    with torch.no_grad():
        torch._foreach_lerp_(averages, news, 1 - config["momentum"])
    return loss.item()


serve(step, torch.__version__, torch.cuda.max_memory_allocated if device == "cuda" else None)
