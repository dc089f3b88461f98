// Asks the daemon each second, and puts what it says into the nodes that are there: focus and
// selection stay. Text is put in as text only: names come from the network.

const STAGES = { program: 'NBP', manager: 'boot manager', store: 'BCD', sdi: 'boot.sdi', image: 'boot image', done: 'done' };
const STATES = ['under-way', 'failed', 'stopped', 'done'];
const WORTH = { got: 'got it', normal: 'not there, normal', unsure: 'not there, may go on', fatal: 'not there, the end' };
const COUNTS = {
	boots_begun: 'Boots begun', boots_done: 'Boots done', boots_failed: 'Boots failed or stopped', lookups: 'Names asked for',
	misses: 'Names not there', undecided: 'Names refused', opens: 'Files opened', bytes: 'Read by the daemon',
};
const HOW = { folded: 'in another spelling', alias: 'by an alias' };

const word = state => state.replace('-', ' ');
const $ = id => document.getElementById(id);
const one = (node, selector) => node.querySelector(selector);
const make = tag => document.createElement(tag);
const copy = id => $(id).content.firstElementChild.cloneNode(true);
let status, version, state = '', told;

// What turns text around, or is not seen at all, is shown by its number.
const visible = text => String(text ?? '').replace(/[\0-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
	char => `\\u{${char.charCodeAt().toString(16)}}`);

function say(node, text) {
	text = visible(text);
	if (node.textContent !== text) node.textContent = text;
	return node;
}

// Texts by class; what has none is not shown.
function put(node, texts) {
	for (const [name, text] of Object.entries(texts)) say(one(node, '.' + name), text).hidden = !text;
}

// One node for each item, found again by its key. The one that has the focus would lose it if
// it were moved: the others are moved around it.
function fill(list, items, key, fresh, update) {
	const old = list.nodes ?? new Map(), nodes = new Map();
	for (const item of items) {
		let name = key(item);
		while (nodes.has(name)) name += '+';
		const node = old.get(name) ?? fresh(item);
		nodes.set(name, node);
		old.delete(name);
		update(node, item);
	}
	for (const node of old.values()) {
		if (node.contains(document.activeElement)) $('top').focus();
		node.remove();
	}
	list.nodes = nodes;
	let next = null;
	for (const node of [...nodes.values()].reverse()) {
		if ((!node.parentNode || node.nextSibling !== next) && !node.contains(document.activeElement)) list.insertBefore(node, next);
		next = node;
	}
}

// Lines of text, each with the name of its element.
const lines = (list, items) => fill(list, items.filter(item => item[1]), ([tag, text, key]) => `${tag} ${key ?? text}`,
	([tag]) => make(tag), (node, [, text]) => say(node, text));
const facts = (list, pairs) => lines(list, pairs.flatMap(([name, text]) => [['dt', text && name], ['dd', text, name]]));

function span(ms) {
	const [unit, name] = ms < 1e5 ? [1e3, 's'] : ms < 6e6 ? [6e4, 'min'] : ms < 1.8e8 ? [3.6e6, 'h'] : [8.64e7, 'days'];
	return `${Math.floor(ms / unit)} ${name}`;
}

function size(bytes) {
	let at = 0;
	for (; bytes >= 1024 && at < 4; at++) bytes /= 1024;
	return `${bytes.toFixed(at && bytes < 10 ? 1 : 0)} ${['bytes', 'KiB', 'MiB', 'GiB', 'TiB'][at]}`;
}

const many = (number, what) => `${number} ${what}${number === 1 ? '' : 's'}`;

function makeClient(client) {
	const node = copy('client'), head = one(node, 'button'), more = one(node, '.more');
	head.onclick = () => {
		more.hidden = !more.hidden;
		head.ariaExpanded = !more.hidden;
		render();
	};
	one(node, 'select').onchange = () => { node.chosen = true; };
	one(node, 'form').onsubmit = event => { event.preventDefault(); choose(node, client.client); };
	for (const name of Object.values(STAGES)) one(node, '.strip').append(Object.assign(make('span'), { textContent: name }));
	return node;
}

function showClient(node, client) {
	const { client: who, diagnosis, stage, boot_image: image } = client, is = word(client.state), open = !one(node, '.more').hidden;
	const read = stage === 'image' && image?.read != null ? Math.floor(100 * Math.min(1, image.read / (image.size || 1))) : null;
	node.dataset.state = client.state;
	put(node, {
		who, image: client.image ?? 'no image', state: is,
		where: image && /image|done/.test(stage) && `${image.name}, ${read == null ? '' : `${read} % of `}${size(image.size)}`,
		age: client.state === 'under-way' ? `for ${span(client.age_ms + client.silent_ms)}` : `${span(client.silent_ms)} ago`,
		trouble: !open && diagnosis && diagnosis.what + (diagnosis.screen ? ` - ${diagnosis.screen}` : ''),
	});
	one(node, '.strip').ariaLabel = STAGES[stage];
	const reached = Object.keys(STAGES).indexOf(stage);
	node.querySelectorAll('.strip span').forEach((step, at) => {
		step.className = at > reached ? '' : at < reached ? 'reached' : read == null ? 'reached now' : 'read';
		step.style.setProperty('--read', `${read}%`);
	});
	const text = [who, client.mac, client.image, is].join(' ').toLowerCase();
	const fits = (!state || state === client.state) && text.includes($('find').value.trim().toLowerCase());
	node.hidden = !fits && !node.contains(document.activeElement);
	if (open) showMore(node, client, diagnosis ?? {});
}

function showMore(node, client, { what, screen, hints, next }) {
	one(node, '.diagnosis').hidden = !what;
	put(node, { what, screen: screen && `On its screen: ${screen}`, next: next && `What to do: ${next}` });
	lines(one(node, '.hints'), (hints ?? []).map(hint => ['li', hint]));
	facts(one(node, 'dl'), [['Image', client.image], ['Because', client.because], ['MAC', client.mac], ['Firmware', client.firmware],
		['Asked by', client.server], ['Requests', `${client.requests}, of these not there: ${client.misses}`]]);
	const select = one(node, 'select');
	one(node, 'form').hidden = !status.may_choose || !client.is_known;
	fill(select, ['', ...status.images.map(image => image.name)], name => name, name => new Option('', name),
		(option, name) => say(option, name || '(what the rules say)'));
	if (!node.chosen && document.activeElement !== select) select.value = client.image ?? '';
	showBoots(node, client);
}

async function choose(node, client) {
	const image = one(node, 'select').value || null, headers = { 'Content-Type': 'application/json' };
	let said = `From its next request on it gets ${image ?? 'what the rules say'}.`;
	try {
		const reply = await fetch('api/choose', { method: 'POST', headers, body: JSON.stringify({ client, image }) });
		if (!reply.ok) throw await reply.text();
		node.chosen = false;
	} catch (error) {
		said = `Not done: ${error}`;
	}
	say(one(node, 'output'), said);
}

// Only when there is something new: it is long.
async function showBoots(node, client) {
	const news = [client.boot, client.requests, client.misses, client.state, client.stage, client.boot_image?.read].join();
	if (node.news === news) return;
	node.news = news;
	try {
		const { boots } = await (await fetch(`api/boots?client=${encodeURIComponent(client.client)}`)).json();
		if (node.news === news) fill(one(node, '.boots'), boots, boot => boot.requests[0]?.boot, boot => Object.assign(copy('boot'), { open: boot === boots[0] }), showBoot);
	} catch {
		node.news = null;
	}
}

function showBoot(node, boot) {
	put(node, {
		boot: `Boot of ${new Date(boot.began_ms).toLocaleString()}, reached: ${STAGES[boot.stage]}`,
		'left-out': boot.left_out && `${many(boot.left_out, 'request')} in the middle are not kept.`,
	});
	fill(one(node, 'ol'), boot.requests, request => `${request.at_ms} ${request.name}`, () => copy('request'), (node, request) => {
		node.dataset.worth = request.worth;
		put(node, {
			at: `${(request.at_ms / 1000).toFixed(2)} s`, name: request.name, became: became(request),
			worth: request.answer.is === 'refused' ? 'refused' : WORTH[request.worth],
		});
	});
}

function became({ answer, times }) {
	const all = answer.is === 'missing' ? ['no such name'] : answer.is === 'refused' ? [answer.why] : [
		answer.image, answer.made ?? `${answer.source} ${answer.path}`, HOW[answer.how], size(answer.size),
		answer.broken, answer.read != null && (answer.read < answer.size ? `${size(answer.read)} of it read` : 'all of it read'),
		answer.open_ms == null ? 'open' : answer.open_ms >= 1000 && `in ${span(answer.open_ms)}`];
	return all.concat(times > 1 && `${times} times`).filter(text => text).join(', ');
}

function showImage(node, image) {
	const fault = image.sources.some(source => source.fault);
	put(node, {
		name: image.name, health: fault ? 'fault' : 'healthy',
		of: many(image.clients, 'client') + (image.is_default ? '; for all whom no rule matches' : ''),
	});
	node.dataset.state = fault ? 'failed' : 'done';
	lines(one(node, 'ul'), image.sources.flatMap(source => [['li', `${source.label}: ${source.what}`], ['p', source.fault]]));
}

function showStates(clients) {
	fill($('states'), ['', ...STATES], name => name, name => {
		const button = make('button');
		button.dataset.state = name;
		button.onclick = () => { state = name; render(); };
		return button;
	}, (button, name) => {
		say(button, `${clients.filter(client => !name || client.state === name).length} ${word(name) || 'in all'}`);
		button.ariaPressed = state === name;
	});
}

// What went wrong since the page was opened.
function tell(clients) {
	const failed = clients.filter(client => client.diagnosis || client.state === 'failed');
	const key = client => `${client.client} ${client.boot}`;
	const news = failed.filter(client => told && !told.has(key(client)));
	if (news.length) say($('news'), news.map(client => `${client.client} ${word(client.state)}: ${client.diagnosis?.what ?? ''}`).join('. '));
	told = new Set(failed.map(key));
	document.title = (failed.length ? `(${failed.length}) ` : '') + 'winbootfs';
}

function render() {
	const { clients, counts, images, warnings, reading, mountpoint } = status, more = status.clients_in_all - clients.length;
	say($('about'), `${mountpoint}, version ${status.version}, up for ${span(status.running_s * 1000)}`);
	showStates(clients);
	// The latest boots first: nothing changes places while somebody reads.
	fill($('clients'), clients.toSorted((one, other) => other.boot - one.boot), client => client.client, makeClient, showClient);
	$('none').hidden = !clients.length || [...$('clients').children].some(node => !node.hidden);
	say($('left-out'), `These asked last; ${many(more, 'client')} more are known.`).hidden = more <= 0;
	$('empty').hidden = clients.length > 0;
	$('find').hidden = $('states').hidden = !clients.length;
	say($('root'), mountpoint);
	$('warned').hidden = !warnings.length;
	lines($('warnings'), warnings.map(warning => ['li', warning]));
	fill($('images'), images, image => image.name, () => copy('an-image'), showImage);
	const wrong = $('side').querySelectorAll('#warnings li, [data-state=failed]').length;
	say($('wrong'), many(wrong, 'warning')).hidden = !wrong;
	facts($('counts'), Object.entries(COUNTS).map(([name, text]) => [text, name === 'bytes' ? size(counts.bytes) : counts[name].toLocaleString('en')]));
	say($('reading'), (reading.passthrough === false ? 'Through the daemon: ' : '') + reading.why);
	tell(clients);
}

function link(is, text) {
	$('link').dataset.link = is;
	say($('link'), text);
}

async function poll() {
	try {
		const reply = await fetch('api/status', { signal: AbortSignal.timeout(8000) });
		if (!reply.ok) throw await reply.text();
		status = await reply.json();
		// A newer daemon has another page.
		if ((version ??= status.version) !== status.version) location.reload();
		render();
		one(document, 'main').hidden = false;
		link('live', 'live');
	} catch {
		link('lost', 'Connection lost, trying again');
	}
	setTimeout(poll, 1000);
}

$('find').oninput = render;
poll();
