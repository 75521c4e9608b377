// Starts kinesalite on 127.0.0.1 and says on which port. Each line of standard input, a JSON object, is an order:
//   {"fail": "GetRecords", "with": "ProvisionedThroughputExceededException", "times": 3}   the next calls fail
//   {"count": true}                                                                       answers {"GetRecords": 12, …}
'use strict'

const path = require('path')
const root = path.join(process.argv[2], 'kinesalite')
const db = require(path.join(root, 'db'))
const failures = {}
const calls = {}

function wrap(name, change) {
  const file = require.resolve(path.join(root, 'actions', name[0].toLowerCase() + name.slice(1)))
  const action = require(file)
  require.cache[file].exports = (store, data, answer) => {
    calls[name] = (calls[name] || 0) + 1
    const failure = failures[name]
    if (failure && failure.times > 0) {
      failure.times -= 1
      return answer(db.clientError(failure.error, 'asked for by a test'))
    }
    change(store, data, () => action(store, data, answer))
  }
}

// kinesalite never answers where nothing has arrived since AT_TIMESTAMP; Kinesis gives an iterator at the end.
function atTimestamp(store, data, proceed) {
  if (data.ShardIteratorType !== 'AT_TIMESTAMP') return proceed()
  const shard = parseInt(data.ShardId.split('-')[1], 10)
  const range = {gt: db.shardIxToHex(shard), lt: db.shardIxToHex(shard + 1)}
  let found = false
  store.getStreamDb(data.StreamName).createReadStream(range)
    .on('data', item => { found = found || item.value.ApproximateArrivalTimestamp >= data.Timestamp })
    .on('end', () => {
      if (!found) {
        data.ShardIteratorType = 'LATEST'
        delete data.Timestamp
      }
      proceed()
    })
}

const asItIs = (store, data, proceed) => proceed()
for (const name of ['GetRecords', 'ListShards', 'DescribeStreamSummary']) wrap(name, asItIs)
wrap('GetShardIterator', atTimestamp)

// kinesalite throws where a client goes away in the middle of a request, as one that is killed does.
process.on('uncaughtException', error => {
  if (error.code !== 'ECONNRESET') throw error
})

const say = value => process.stdout.write(JSON.stringify(value) + '\n')
const options = {createStreamMs: 20, deleteStreamMs: 20, updateStreamMs: 20, shardLimit: 200}
const server = require(root)(options).listen(0, '127.0.0.1', () => say({port: server.address().port}))

require('readline').createInterface({input: process.stdin}).on('line', line => {
  const order = JSON.parse(line)
  if (order.fail) failures[order.fail] = {error: order.with, times: order.times}
  say(calls)
}).on('close', () => process.exit(0))
